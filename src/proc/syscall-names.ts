/**
 * The names of the system calls in which a thread can block. The numbers are those of asm/unistd_64.h for x86-64 and of
 * asm-generic/unistd.h for arm64. They are part of the ABI, so they never change.
 */
import type { SyscallInProgress } from './syscall.js'

/** arm64 has no number for an old call that has a newer replacement. */
const CALLS: [name: string, x64: number, arm64?: number][] = [
  ['read', 0, 63],
  ['write', 1, 64],
  ['open', 2],
  ['close', 3, 57],
  ['poll', 7],
  ['ioctl', 16, 29],
  ['pread64', 17, 67],
  ['readv', 19, 65],
  ['writev', 20, 66],
  ['select', 23],
  ['pause', 34],
  ['nanosleep', 35, 101],
  ['sendfile', 40, 71],
  ['connect', 42, 203],
  ['accept', 43, 202],
  ['sendto', 44, 206],
  ['recvfrom', 45, 207],
  ['sendmsg', 46, 211],
  ['recvmsg', 47, 212],
  // With CLONE_VFORK, a parent blocks in these until its child calls execve(2) or exits.
  ['clone', 56, 220],
  ['vfork', 58],
  ['wait4', 61, 260],
  ['semop', 65, 193],
  ['msgsnd', 69, 189],
  ['msgrcv', 70, 188],
  ['fcntl', 72, 25],
  ['flock', 73, 32],
  ['fsync', 74, 82],
  ['fdatasync', 75, 83],
  ['rt_sigtimedwait', 128, 137],
  ['rt_sigsuspend', 130, 133],
  ['futex', 202, 98],
  // A wait with a timeout continues as this call after SIGSTOP and SIGCONT.
  ['restart_syscall', 219, 128],
  ['semtimedop', 220, 192],
  ['clock_nanosleep', 230, 115],
  ['epoll_wait', 232],
  ['mq_timedsend', 242, 182],
  ['mq_timedreceive', 243, 183],
  ['waitid', 247, 95],
  ['openat', 257, 56],
  ['pselect6', 270, 72],
  ['ppoll', 271, 73],
  ['splice', 275, 76],
  ['tee', 276, 77],
  ['vmsplice', 278, 75],
  ['epoll_pwait', 281, 22],
  ['accept4', 288, 242],
  ['recvmmsg', 299, 243],
  ['sendmmsg', 307, 269],
  ['getrandom', 318, 278],
  ['io_uring_enter', 426, 426],
  ['clone3', 435, 435],
  ['openat2', 437, 437],
  ['epoll_pwait2', 441, 441],
  ['futex_waitv', 449, 449],
]

/** The name of a system call of a 64-bit process; undefined for numbers and machines that are not in the table. */
export function syscallName(number: number, arch: string = process.arch): string | undefined {
  const column = arch === 'x64' ? 1 : arch === 'arm64' ? 2 : undefined
  return column && CALLS.find((call) => call[column] === number)?.[0]
}

/**
 * Calls of a 32-bit program on x86-64: asm/unistd_32.h. These have the same arguments as those of a 64-bit program. Those with
 * `time64` in their name take the same struct timespec.
 */
const sameIn32 = new Map<number, string>([
  [3, 'read'],
  [4, 'write'],
  [5, 'open'],
  [6, 'close'],
  // waitpid(2) has the first three arguments of wait4(2).
  [7, 'wait4'],
  [29, 'pause'],
  [54, 'ioctl'],
  [55, 'fcntl'],
  [114, 'wait4'],
  [118, 'fsync'],
  [120, 'clone'],
  [143, 'flock'],
  [145, 'readv'],
  [146, 'writev'],
  [148, 'fdatasync'],
  [168, 'poll'],
  [179, 'rt_sigsuspend'],
  [180, 'pread64'],
  [187, 'sendfile'],
  [190, 'vfork'],
  [221, 'fcntl'],
  [256, 'epoll_wait'],
  [284, 'waitid'],
  [295, 'openat'],
  [313, 'splice'],
  [315, 'tee'],
  [316, 'vmsplice'],
  [319, 'epoll_pwait'],
  [362, 'connect'],
  [364, 'accept4'],
  [369, 'sendto'],
  [370, 'sendmsg'],
  [371, 'recvfrom'],
  [372, 'recvmsg'],
  [407, 'clock_nanosleep'],
  [414, 'ppoll'],
  [418, 'mq_timedsend'],
  [419, 'mq_timedreceive'],
  [420, 'semtimedop'],
  [421, 'rt_sigtimedwait'],
  [435, 'clone3'],
])

/** Their arguments, or what these point to, are laid out in another way than in a 64-bit program. */
const otherIn32 = new Map<number, string>([
  [0, 'restart_syscall'],
  [72, 'sigsuspend'],
  [82, 'select'],
  [102, 'socketcall'],
  [117, 'ipc'],
  [142, 'select'],
  [162, 'nanosleep'],
  [177, 'rt_sigtimedwait'],
  [240, 'futex'],
  [267, 'clock_nanosleep'],
  [308, 'pselect6'],
  [309, 'ppoll'],
  [400, 'msgsnd'],
  [401, 'msgrcv'],
  [413, 'pselect6'],
  [422, 'futex'],
])

/** The name of the system call that a thread is in; undefined where it is not in the tables. */
export function callName({ number, is32 }: SyscallInProgress): string | undefined {
  if (!is32) return syscallName(number)
  return process.arch === 'x64' ? (sameIn32.get(number) ?? otherIn32.get(number)) : undefined
}

/** Whether the arguments of a call are those that its name promises: not for all calls of a 32-bit program. */
export function hasUsualArguments({ number, is32 }: SyscallInProgress): boolean {
  return !is32 || (process.arch === 'x64' && sameIn32.has(number))
}
