/** What a system call does to descriptors and to the objects that processes share, told from its name and its arguments. */

import type { Call } from './line.js'
import type { Held } from './model.js'

export type Effect =
  | { does: 'clone' }
  | { does: 'exec' }
  | { does: 'reap' }
  /** What the process does on a signal. */
  | { does: 'handle' }
  /** Bytes go from one descriptor to another, or from or to memory. The numbers are positions of arguments. */
  | Move
  /** `marks`: they are not closed, but get the flag close-on-exec. */
  | { does: 'close'; from: number; to: number; marks: boolean }
  /** Two descriptors that belong together, in the argument of this number. */
  | { does: 'pair'; at: number; isPipe: boolean; closesOnExec: boolean }
  /** The result is a descriptor. `copies`: of the one in the first argument. */
  | { does: 'open'; copies: boolean; end?: Held['end']; closesOnExec: boolean }
  | { does: 'flag'; closesOnExec: boolean }
  | { does: 'unshare' }
  | { does: 'lock' }
  | { does: 'map' }
  | { does: 'futex' }
  /** It gives a socket an address, or uses one. */
  | { does: 'address' }
  /** It concerns an object that has a name, a key or an id. */
  | { does: 'object' }

export type Does<Name extends Effect['does']> = Extract<Effect, { does: Name }>

interface Move {
  does: 'move'
  from?: number
  to?: number
  text?: number
  /** The argument that is a message, with an address and perhaps descriptors. */
  message?: number
  /** The argument that is an address. */
  address?: number
  /** Several messages, each with its length. */
  many?: boolean
}

const moves: Record<string, Move> = Object.fromEntries(
  Object.entries<Omit<Move, 'does'>>({
    read: { from: 0, text: 1 },
    readv: { from: 0, text: 1 },
    recvfrom: { from: 0, text: 1, address: 4 },
    recvmsg: { from: 0, text: 1, message: 1 },
    recvmmsg: { from: 0, text: 1, message: 1, many: true },
    write: { to: 0, text: 1 },
    writev: { to: 0, text: 1 },
    sendto: { to: 0, text: 1, address: 4 },
    sendmsg: { to: 0, text: 1, message: 1 },
    sendmmsg: { to: 0, text: 1, message: 1, many: true },
    vmsplice: { to: 0, text: 1 },
    sendfile: { from: 1, to: 0 },
    splice: { from: 0, to: 2 },
    tee: { to: 1 },
  }).map(([name, move]) => [name, { does: 'move', ...move }]),
)

const kinds: Record<string, Effect['does']> = {
  ...named('clone', 'clone,clone3,fork,vfork'),
  ...named('exec', 'execve,execveat'),
  ...named('reap', 'wait4,waitid'),
  ...named('handle', 'rt_sigaction'),
  ...named('close', 'close,close_range'),
  ...named('pair', 'pipe,pipe2,socketpair'),
  ...named(
    'open',
    'open,openat,openat2,creat,socket,accept,accept4,dup,dup2,dup3,memfd_create,eventfd,eventfd2,pidfd_getfd',
  ),
  ...named('unshare', 'unshare'),
  ...named('lock', 'flock'),
  ...named('map', 'mmap,mmap2,munmap,mremap,shmat,shmdt'),
  ...named('futex', 'futex'),
  ...named('address', 'bind,listen,connect'),
  ...named(
    'object',
    'mknod,mknodat,link,linkat,unlink,unlinkat,shmget,shmctl,msgget,msgsnd,msgrcv,msgctl,semget,semop,semtimedop,semctl,mq_open,mq_timedsend,mq_timedreceive,mq_unlink',
  ),
}

/** With these flags a call takes no message. */
const looks = /\bMSG_(?:PEEK|ERRQUEUE|COPY)\b/

function named(does: Effect['does'], names: string) {
  return Object.fromEntries(names.split(',').map((name) => [name, does]))
}

/** Calls of programs for 32 bits that do the same as another one. */
const sameCalls: Record<string, string> = {
  waitpid: 'wait4',
  recv: 'recvfrom',
  send: 'sendto',
  sendfile64: 'sendfile',
  fcntl64: 'fcntl',
  _newselect: 'select',
  sigsuspend: 'rt_sigsuspend',
  sigaction: 'rt_sigaction',
  ...Object.fromEntries(
    'futex,clock_nanosleep,ppoll,pselect6,recvmmsg,semtimedop,mq_timedsend,mq_timedreceive,rt_sigtimedwait'
      .split(',')
      .map((name) => [`${name}_time64`, name]),
  ),
}

/** The name under which a call is known here. */
export function usualName(name: string): string {
  return sameCalls[name] ?? name
}

/** The calls without which the model would be wrong. */
export const neededCalls = [
  ...Object.keys(moves),
  ...Object.keys(kinds),
  ...Object.keys(sameCalls),
  'fcntl',
  'ioctl',
]

/** Undefined for a call that changes nothing here, or that has failed. */
export function effectOf({ name, args, result, more }: Call): Effect | undefined {
  if (result === undefined || result < 0) return undefined
  const move = moves[name]
  if (move) {
    const isLook = move.from !== undefined && name !== 'read' && args.some((word) => looks.test(word))
    return isLook ? undefined : move
  }
  const does = kinds[name]
  const text = args.slice(-2).join()
  const closesOnExec = text.includes('CLOEXEC')
  switch (does) {
    case 'close': {
      const from = Number.parseInt(args[0] ?? '', 10)
      const to = name === 'close' ? from : Number(args[1])
      return { does, from, to, marks: closesOnExec }
    }
    case 'pair':
      return {
        does,
        at: name === 'socketpair' ? 3 : 0,
        isPipe: name !== 'socketpair',
        closesOnExec: args.join().includes('CLOEXEC'),
      }
    case 'open':
      return {
        does,
        copies: name.startsWith('dup'),
        ...(name.startsWith('open') && endOf(args)),
        closesOnExec: args.join().includes('CLOEXEC'),
      }
    case 'object':
      return name === 'msgrcv' && looks.test(text) ? undefined : { does }
    case 'unshare':
      return text.includes('CLONE_FILES') ? { does } : undefined
    case undefined: {
      const second = args[1] ?? ''
      if (name === 'ioctl')
        return second.endsWith('CLEX') ? { does: 'flag', closesOnExec: second === 'FIOCLEX' } : undefined
      if (name !== 'fcntl') return undefined
      if (second === 'F_SETFD') return { does: 'flag', closesOnExec }
      if (second.includes('SETLK')) return { does: 'lock' }
      return more.startsWith('<') ? { does: 'open', copies: true, closesOnExec } : undefined
    }
    case 'move':
    case 'flag':
      return undefined
    default:
      return { does }
  }
}

/** The end of a FIFO that open(2) opens. */
function endOf(args: string[]): { end?: Held['end'] } {
  const flags = args.find((word) => word.includes('O_')) ?? ''
  if (flags.includes('O_WRONLY')) return { end: 'write' }
  return flags.includes('O_RDONLY') ? { end: 'read' } : {}
}

/** The part of a message that contains descriptors. */
export function rightsIn({ args: [, message = ''] }: Call): string {
  const at = message.indexOf('SCM_RIGHTS')
  return at < 0 ? '' : message.slice(at)
}
