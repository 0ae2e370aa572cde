/** Every kind of object: which bytes and descriptors go through it, which process has it, and which unblocked which. */
import { expect, test } from 'vitest'
import { follow, openIn, talksOf, wakersOf } from '../support/follow-log.js'

const anywhere = (port: number) =>
  `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("127.0.0.1")}, 16`

test('a datagram is matched with the call that receives it, also when others were lost', () => {
  const trace = follow(`
    1 fork() = 2 <0.000001>
    1 sendto(3<UDP:[77]>, "lost", 4, 0, ${anywhere(80)}) = 4 <0.000001>
    1 sendto(3<UDP:[0.0.0.0:999]>, "ask", 3, 0, ${anywhere(80)}) = 3 <0.000001>
    2 recvfrom(4<UDP:[127.0.0.1:80]>, "ask", 9, 0, ${anywhere(999)}) = 3 <0.002000>
    2 sendto(4<UDP:[127.0.0.1:80]>, "a long answer", 13, 0, ${anywhere(999)}) = 13 <0.000001>
    1 recvfrom(3<UDP:[0.0.0.0:999]>, "a lo", 4, 0, NULL, NULL) = 4 <0.000001>`)
  expect(talksOf(trace)).toEqual([
    ['UDP 127.0.0.1:80', 1, 2, 1, 3],
    ['UDP 0.0.0.0:999', 2, 1, 1, 4],
  ])
  expect(wakersOf(trace)).toEqual([[2, 'recvfrom', 'UDP 127.0.0.1:80', 1]])
  expect(
    trace.things.map(({ label, users }) => [label, users.get(trace.processes[0]!)?.write.calls]),
  ).toEqual([
    ['UDP 127.0.0.1:80', 2],
    ['UDP 0.0.0.0:999', 0],
  ])
})

test('a datagram that two processes may have sent is nobody’s, unless its source is known', () => {
  const two = `
    1 fork() = 2 <0.000001>
    1 fork() = 3 <0.000001>
    1 sendto(3<UDP:[77]>, "hi", 2, 0, ${anywhere(80)}) = 2 <0.000001>
    2 sendto(3<UDP:[0.0.0.0:999]>, "hi", 2, 0, ${anywhere(80)}) = 2 <0.000001>`
  const receive = (from: string) =>
    talksOf(follow(`${two}\n3 recvfrom(4<UDP:[0.0.0.0:80]>, "hi", 9, 0, ${from}) = 2 <0.000001>`))
  expect(receive('NULL, NULL')).toEqual([])
  expect(receive(anywhere(1000))).toEqual([['UDP 127.0.0.1:80', 1, 3, 1, 2]])
})

test('messages of sendmmsg(2) and recvmmsg(2) are counted one by one', () => {
  const header = (name: string, text: string) =>
    `{msg_hdr={msg_name=${name}, msg_namelen=16, msg_iov=[{iov_base="${text}", iov_len=${text.length}}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=${text.length}}`
  const to = `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}`
  const trace = follow(`
    1 fork() = 2 <0.000001>
    2 recvmmsg(4<UDP:[127.0.0.1:80]>,  <unfinished ...>
    1 sendmmsg(3<UDP:[77]>, [${header(to, 'one')}, ${header(to, 'three')}], 2, 0) = 2 <0.000001>
    2 <... recvmmsg resumed>[${header('NULL', 'one')}, ${header('NULL', 'three')}], 2, 0, NULL) = 2 <0.002000>
    1 socketpair(AF_UNIX, SOCK_STREAM, 0, [5<UNIX-STREAM:[7->8]>, 6<UNIX-STREAM:[8->7]>]) = 0 <0.000001>
    1 sendmmsg(5<UNIX-STREAM:[7->8]>, [${header('NULL', 'four')}, ${header('NULL', 'x')}], 2, 0) = 2 <0.000001>
    1 read(6<UNIX-STREAM:[8->7]>, "fourx", 9) = 5 <0.000001>`)
  expect(talksOf(trace)).toEqual([
    ['UDP 127.0.0.1:80', 1, 2, 2, 8],
    ['Unix socket 1', 1, 1, 1, 5],
  ])
})

test('sockets that keep the borders of messages: in a pair, and at a path', () => {
  const trace = follow(`
    1 socketpair(AF_UNIX, SOCK_DGRAM|SOCK_CLOEXEC, 0, [3<UNIX:[7->8]>, 4<UNIX:[8->7]>]) = 0 <0.000001>
    1 socket(AF_UNIX, SOCK_DGRAM, 0) = 5<UNIX:[9]> <0.000001>
    1 bind(5<UNIX:[9]>, {sa_family=AF_UNIX, sun_path="/tmp/s"}, 110) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    1 write(3<UNIX:[7->8]>, "a long one", 10) = 10 <0.000001>
    1 write(3<UNIX:[7->8]>, "2", 1) = 1 <0.000001>
    2 read(4<UNIX:[8->7]>, "a l", 3) = 3 <0.000001>
    2 read(4<UNIX:[8->7]>, "2", 3) = 1 <0.000001>
    2 socket(AF_UNIX, SOCK_DGRAM, 0) = 6<UNIX:[10]> <0.000001>
    2 sendto(6<UNIX:[10]>, "by path", 7, 0, {sa_family=AF_UNIX, sun_path="/tmp/s"}, 110) = 7 <0.000001>
    2 connect(6<UNIX:[10]>, {sa_family=AF_UNIX, sun_path="/tmp/s"}, 110) = 0 <0.000001>
    2 write(6<UNIX:[10->9]>, "again", 5) = 5 <0.000001>
    1 recvfrom(5<UNIX:[9,"/tmp/s"]>, "by path", 99, 0, NULL, NULL) = 7 <0.000001>
    1 recvfrom(5<UNIX:[9,"/tmp/s"]>, "again", 99, 0, NULL, NULL) = 5 <0.000001>`)
  expect(talksOf(trace)).toEqual([
    ['Unix socket 1', 1, 2, 2, 4],
    ['Unix socket /tmp/s', 2, 1, 2, 12],
  ])
})

const value = (n: number) => `"\\${n}\\0\\0\\0\\0\\0\\0\\0", 8`

test('what is added to an eventfd goes to the read that takes it; its first value comes from nobody', () => {
  const trace = follow(`
    1 eventfd2(2, 0) = 3<anon_inode:[eventfd]> <0.000001>
    1 eventfd2(0, EFD_CLOEXEC|EFD_SEMAPHORE) = 4<anon_inode:[eventfd]> <0.000001>
    1 fork() = 2 <0.000001>
    1 write(3<anon_inode:[eventfd]>, ${value(1)}) = 8 <0.000001>
    1 write(3<anon_inode:[eventfd]>, ${value(4)}) = 8 <0.000001>
    2 read(3<anon_inode:[eventfd]>, ${value(7)}) = 8 <0.000001>
    2 read(4<anon_inode:[eventfd]>,  <unfinished ...>
    1 write(4<anon_inode:[eventfd]>, ${value(2)}) = 8 <0.000001>
    2 <... read resumed>${value(1)}) = 8 <0.002000>
    2 eventfd2(0, 0) = 5<anon_inode:[eventfd]> <0.000001>
    2 write(5<anon_inode:[eventfd]>, ${value(1)}) = 8 <0.000001>
    2 read(5<anon_inode:[eventfd]>, ${value(1)}) = 8 <0.000001>
    1 execve("/bin/true", ["true"], 0x7f /* 9 vars */) = 0 <0.000001>`)
  expect(talksOf(trace)).toEqual([
    ['eventfd 1', 1, 2, 2, 16],
    ['eventfd 2', 1, 2, 1, 8],
  ])
  expect(wakersOf(trace)).toEqual([[2, 'read', 'eventfd 2', 1]])
  expect(trace.things).toHaveLength(2)
  expect(openIn(trace.processes[0])).toEqual(['3 eventfd 1 -'])
})

test('a message brings the end of a pipe, an eventfd, and the flag close-on-exec', () => {
  const control = (fd: string) => `msg_control=[{cmsg_type=SCM_RIGHTS, cmsg_data=[${fd}]}]`
  const message = (fd: string) => `{msg_iov=[{iov_base="x", iov_len=1}], ${control(fd)}}`
  const trace = follow(`
    1 socketpair(AF_UNIX, SOCK_STREAM, 0, [3<UNIX-STREAM:[7->8]>, 4<UNIX-STREAM:[8->7]>]) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    1 pipe2([5<pipe:[9]>, 6<pipe:[9]>], 0) = 0 <0.000001>
    1 eventfd2(0, 0) = 8<anon_inode:[eventfd]> <0.000001>
    1 sendmsg(3<UNIX-STREAM:[7->8]>, ${message('6<pipe:[9]>, 8<anon_inode:[eventfd]>')}, 0) = 1 <0.000001>
    2 recvmsg(4<UNIX-STREAM:[8->7]>, ${message('5<pipe:[9]>, 6<anon_inode:[eventfd]>')}, MSG_CMSG_CLOEXEC) = 1 <0.000001>
    1 close(6<pipe:[9]>) = 0 <0.000001>
    2 dup(5<pipe:[9]>) = 7<pipe:[9]> <0.000001>
    2 recvfrom(4<UNIX-STREAM:[8->7]>, "y", 1, MSG_PEEK, NULL, NULL) = 1 <0.000001>`)
  const [sender, receiver] = trace.processes
  expect(openIn(receiver)).toEqual([
    '3 Unix socket 1 -',
    '4 Unix socket 1 -',
    '5 pipe 1 write',
    '6 eventfd 1 -',
    '7 pipe 1 write',
  ])
  expect([...(receiver?.table.values() ?? [])].map(({ closesOnExec }) => closesOnExec)).toEqual([
    false,
    false,
    true,
    true,
    false,
  ])
  expect(openIn(sender)).not.toContain('6 pipe 1 write')
})

test('ioctl(2), close_range(2) and unshare(2) change tables too, and reads of a timer are from nobody', () => {
  const trace = follow(`
    1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0 <0.000001>
    1 dup(4<pipe:[7]>) = 5<pipe:[7]> <0.000001>
    1 dup2(5<pipe:[7]>, 5<pipe:[7]>) = 5<pipe:[7]> <0.000001>
    1 ioctl(3<pipe:[7]>, FIOCLEX) = 0 <0.000001>
    1 close_range(5, 4294967295, CLOSE_RANGE_CLOEXEC) = 0 <0.000001>
    1 clone(child_stack=0x7f, flags=CLONE_FILES|SIGCHLD) = 2 <0.000001>
    2 unshare(CLONE_FILES) = 0 <0.000001>
    2 close(4<pipe:[7]>) = 0 <0.000001>
    1 execve("/bin/true", ["true"], 0x7f /* 9 vars */) = 0 <0.000001>
    2 timerfd_create(CLOCK_MONOTONIC, 0) = 6<anon_inode:[timerfd]> <0.000001>
    2 read(6<anon_inode:[timerfd]>, ${value(1)}) = 8 <0.004000>`)
  expect(openIn(trace.processes[0])).toEqual(['4 pipe 1 write'])
  expect(openIn(trace.processes[1])).toEqual(['3 pipe 1 read', '5 pipe 1 write'])
  expect(wakersOf(trace)).toEqual([[2, 'read', 'timerfd', undefined]])
  expect(talksOf(trace)).toEqual([])
})

test('a removed object stays the same one while it is open, and a new one of that name is another', () => {
  const trace = follow(`
    1 openat(AT_FDCWD</>, "/dev/shm/x", O_RDWR|O_CREAT, 0600) = 3</dev/shm/x> <0.000001>
    1 mknodat(AT_FDCWD</tmp>, "f", S_IFIFO|0600) = 0 <0.000001>
    1 openat(AT_FDCWD</tmp>, "f", O_RDWR) = 4</tmp/f> <0.000001>
    1 unlink("/dev/shm/x") = 0 <0.000001>
    1 unlink("f") = 0 <0.000001>
    1 fork() = 2 <0.000001>
    2 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3</dev/shm/x>(deleted), 0) = 0x7f0000000000 <0.000001>
    1 write(4</tmp/f>(deleted), "x", 1) = 1 <0.000001>
    2 read(4</tmp/f>(deleted), "x", 1) = 1 <0.000001>
    1 openat(AT_FDCWD</>, "/dev/shm/x", O_RDWR|O_CREAT, 0600) = 5</dev/shm/x> <0.000001>`)
  expect(trace.things.map(({ label, removed }) => [label, removed !== undefined])).toEqual([
    ['shared memory /x', true],
    ['FIFO /tmp/f', true],
    ['shared memory /x', false],
  ])
  expect([...(trace.things[0]?.users.keys() ?? [])].map(({ pid }) => pid)).toEqual([1, 2])
  expect(talksOf(trace)).toEqual([['FIFO /tmp/f', 1, 2, 1, 1]])
})

test('mapped memory belongs to the processes that map it, and a futex in it unblocks a process', () => {
  const trace = follow(`
    1 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000 <0.000001>
    1 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000010000 <0.000001>
    1 fork() = 2 <0.000001>
    1 fork() = 3 <0.000001>
    3 execve("/bin/true", ["true"], 0x7f /* 9 vars */) = 0 <0.000001>
    2 futex(0x7f0000000040, FUTEX_WAIT, 0, NULL <unfinished ...>
    1 futex(0x7f0000000040, FUTEX_WAKE, 1 <unfinished ...>
    2 <... futex resumed>) = 0 <0.001500>
    1 <... futex resumed>) = 1 <0.001600>
    2 futex(0x7f0000010040, FUTEX_WAIT, 0, NULL) = 0 <0.002000>
    2 futex(0x7f0000000040, FUTEX_WAIT_PRIVATE, 0, NULL) = 0 <0.002000>
    1 munmap(0x7f0000001000, 4096) = 0 <0.000001>
    1 futex(0x7f0000001040, FUTEX_WAIT, 0, NULL) = 0 <0.002000>
    1 mremap(0x7f0000000000, 4096, 8192, MREMAP_MAYMOVE) = 0x7f0000100000 <0.000001>
    1 futex(0x7f0000100040, FUTEX_WAIT, 0, NULL <unfinished ...>`)
  expect(trace.things.map(({ label }) => label)).toEqual(['shared mapping 1'])
  expect([...(trace.things[0]?.users.keys() ?? [])].map(({ pid }) => pid)).toEqual([1, 2])
  expect(wakersOf(trace)).toEqual([[2, 'futex', 'shared mapping 1', 1]])
  expect(trace.blocked).toMatchObject([{ call: 'futex', object: 'shared mapping 1', process: { pid: 1 } }])
})

test('memfds of the same name are two objects, and a file is one when it is mapped for writing', () => {
  const map = (fd: string, how: string) =>
    `mmap(NULL, 4096, ${how}, MAP_SHARED, ${fd}, 0) = 0x7f0000000000 <0.000001>`
  const trace = follow(`
    1 memfd_create("m", 0) = 3</memfd:m>(deleted) <0.000001>
    1 memfd_create("m", 0) = 4</memfd:m>(deleted) <0.000001>
    1 fork() = 2 <0.000001>
    2 ${map('4</memfd:m>(deleted)', 'PROT_READ')}
    1 openat(AT_FDCWD</>, "/tmp/read", O_RDONLY) = 5</tmp/read> <0.000001>
    1 ${map('5</tmp/read>', 'PROT_READ')}
    1 openat(AT_FDCWD</>, "/tmp/both", O_RDONLY) = 6</tmp/both> <0.000001>
    1 ${map('6</tmp/both>', 'PROT_READ')}
    2 ${map('7</tmp/both>', 'PROT_READ|PROT_WRITE')}`)
  expect(trace.things.map(({ label, users }) => [label, ...[...users.keys()].map(({ pid }) => pid)])).toEqual(
    [
      ['shared memory memfd:m', 1],
      ['shared memory memfd:m (2)', 1, 2],
      ['file /tmp/both', 1, 2],
    ],
  )
})

const heldBy = (trace: ReturnType<typeof follow>) =>
  trace.things[0]?.locks?.map(({ kind, isShared, by, from, to }) => [kind, isShared, by.pid, from, to])
const all = [0, Number.POSITIVE_INFINITY]

test('a lock of flock(2) is of the description: it goes with the last copy, and then the next process has it', () => {
  const begin = `
    1 openat(AT_FDCWD</>, "/tmp/l", O_RDWR) = 3</tmp/l> <0.000001>
    1 fork() = 2 <0.000001>
    1 flock(3</tmp/l>, LOCK_EX) = 0 <0.000001>
    1 fork() = 3 <0.000001>
    2 openat(AT_FDCWD</>, "/tmp/l", O_RDWR) = 4</tmp/l> <0.000001>
    2 close(3</tmp/l>) = 0 <0.000001>
    2 flock(4</tmp/l>, LOCK_EX <unfinished ...>
    1 close(3</tmp/l>) = 0 <0.000001>`
  const held = follow(begin)
  expect(heldBy(held)).toEqual([['flock', false, 1, ...all]])
  expect(held.blocked).toMatchObject([{ call: 'flock', object: '/tmp/l', process: { pid: 2 } }])
  const next = follow(`${begin}
    3 +++ exited with 0 +++
    2 <... flock resumed>) = 0 <0.003500>`)
  expect(heldBy(next)).toEqual([['flock', false, 2, ...all]])
  expect(wakersOf(next)).toEqual([[2, 'flock', '/tmp/l', 3]])
})

test('a lock of fcntl(2) is of the process: any close(2) of the file releases it, and parts of it can be released', () => {
  const range = (type: string, from: number, length: number) =>
    `{l_type=${type}, l_whence=SEEK_SET, l_start=${from}, l_len=${length}}`
  const begin = `
    1 openat(AT_FDCWD</>, "/tmp/l", O_RDWR) = 3</tmp/l> <0.000001>
    1 fork() = 2 <0.000001>
    1 fcntl(3</tmp/l>, F_SETLK, ${range('F_WRLCK', 0, 100)}) = 0 <0.000001>
    1 fcntl(3</tmp/l>, F_SETLK, ${range('F_UNLCK', 10, 20)}) = 0 <0.000001>
    2 fcntl(3</tmp/l>, F_SETLK, ${range('F_WRLCK', 0, 0)}) = -1 EAGAIN (Resource temporarily unavailable) <0.000001>
    2 fcntl(3</tmp/l>, F_OFD_SETLK, ${range('F_RDLCK', 10, 20)}) = 0 <0.000001>`
  expect(heldBy(follow(begin))).toEqual([
    ['fcntl', false, 1, 0, 10],
    ['fcntl', false, 1, 30, 100],
    ['ofd', true, 2, 10, 30],
  ])
  const next = follow(`${begin}
    2 fcntl(3</tmp/l>, F_SETLKW, ${range('F_WRLCK', 90, 0)} <unfinished ...>
    1 openat(AT_FDCWD</>, "/tmp/l", O_RDONLY) = 4</tmp/l> <0.000001>
    1 close(4</tmp/l>) = 0 <0.000001>
    2 <... fcntl resumed>) = 0 <0.002500>`)
  expect(heldBy(next)).toEqual([
    ['ofd', true, 2, 10, 30],
    ['fcntl', false, 2, 90, Number.POSITIVE_INFINITY],
  ])
  expect(wakersOf(next)).toEqual([[2, 'fcntl', '/tmp/l', 1]])
})

test('who unblocked whom: children, signals, semaphores, FIFOs, connections, and the reader of a full pipe', () => {
  const trace = follow(`
    1 fork() = 2 <0.000001>
    1 wait4(-1,  <unfinished ...>
    2 pause( <unfinished ...>
    3 kill(2, SIGUSR1) = 0 <0.000001>
    2 <... pause resumed>) = ? ERESTARTNOHAND (To be restarted if no handler) <0.001500>
    2 --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=3, si_uid=0} ---
    2 semop(5, [{sem_num=0, sem_op=-1, sem_flg=0}], 1 <unfinished ...>
    3 semop(5, [{sem_num=1, sem_op=1, sem_flg=0}], 1) = 0 <0.000001>
    4 semop(5, [{sem_num=0, sem_op=1, sem_flg=0}], 1) = 0 <0.000001>
    2 <... semop resumed>) = 0 <0.002900>
    3 mknodat(AT_FDCWD</tmp>, "f", S_IFIFO|0600) = 0 <0.000001>
    2 openat(AT_FDCWD</tmp>, "f", O_RDONLY <unfinished ...>
    3 openat(AT_FDCWD</tmp>, "f", O_WRONLY) = 3</tmp/f> <0.000001>
    2 <... openat resumed>) = 3</tmp/f> <0.001500>
    2 listen(6<TCP:[0.0.0.0:80]>, 9) = 0 <0.000001>
    2 accept(6<TCP:[0.0.0.0:80]>,  <unfinished ...>
    3 connect(6<TCP:[77]>, ${anywhere(80)}) = 0 <0.000001>
    2 <... accept resumed>NULL, NULL) = 7<TCP:[127.0.0.1:80->127.0.0.1:999]> <0.001500>
    3 write(3</tmp/f>, "x", 99999 <unfinished ...>
    2 read(3</tmp/f>, "x", 99999) = 65536 <0.000001>
    3 <... write resumed>) = 99999 <0.001500>
    2 +++ exited with 0 +++
    1 <... wait4 resumed>NULL, 0, NULL) = 2 <0.019000>`)
  expect(wakersOf(trace)).toEqual([
    [2, 'pause', 'a signal', 3],
    [2, 'semop', 'semaphore set 5', 4],
    [2, 'openat', 'FIFO /tmp/f', 3],
    [2, 'accept', 'TCP 0.0.0.0:80 (listens)', 3],
    [3, 'write', 'FIFO /tmp/f', 2],
    [1, 'wait4', 'a child', 2],
  ])
})

test('where two processes may have unblocked a third, none is named', () => {
  const trace = follow(`
    2 semop(5, [{sem_num=0, sem_op=-1, sem_flg=0}], 1 <unfinished ...>
    3 semop(5, [{sem_num=0, sem_op=1, sem_flg=0}], 1) = 0 <0.000001>
    4 semop(5, [{sem_num=0, sem_op=1, sem_flg=0}], 1) = 0 <0.000001>
    2 <... semop resumed>) = 0 <0.002900>`)
  expect(wakersOf(trace)).toEqual([[2, 'semop', 'semaphore set 5', undefined]])
})
