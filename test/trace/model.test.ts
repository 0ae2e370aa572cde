/** What a log means: processes, descriptor tables, objects, and which bytes went from one process to another. */
import { expect, test } from 'vitest'
import { createModel } from '../../src/trace/model.js'
import { createParser } from '../../src/trace/parse.js'
import { follow, openIn, talksOf } from '../support/follow-log.js'

test('a read that strace reports before the write that woke it gets its bytes', () => {
  const trace = follow(`
    1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0 <0.000001>
    1 clone(child_stack=NULL, flags=SIGCHLD) = 2 <0.000001>
    1 write(4<pipe:[7]>, "hello", 5 <unfinished ...>
    2 read(3<pipe:[7]>, "hel", 3) = 3 <0.000001>
    2 read(3<pipe:[7]>, "lo", 9) = 2 <0.000001>
    1 <... write resumed>) = 5 <0.000009>`)
  expect(talksOf(trace)).toEqual([['pipe 1', 1, 2, 1, 5]])
  expect(trace.messages).toMatchObject([{ bytes: 5, text: 'hello' }])
})

test('each byte goes from the writer that wrote it to the reader that got it', () => {
  const trace = follow(`
    1 pipe([3<pipe:[7]>, 4<pipe:[7]>]) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    1 fork() = 3 <0.000001>
    1 write(4<pipe:[7]>, "abcd", 4) = 4 <0.000001>
    2 write(4<pipe:[7]>, "xy", 2) = 2 <0.000001>
    3 read(3<pipe:[7]>, "abc", 3) = 3 <0.000001>
    1 read(3<pipe:[7]>, "dx", 2) = 2 <0.000001>
    3 read(3<pipe:[7]>, "y", 9) = 1 <0.000001>
    3 read(3<pipe:[7]>, "", 9) = 0 <0.000001>`)
  expect(talksOf(trace)).toEqual([
    ['pipe 1', 1, 3, 1, 3],
    ['pipe 1', 1, 1, 1, 1],
    ['pipe 1', 2, 1, 1, 1],
    ['pipe 1', 2, 3, 1, 1],
  ])
})

test('a child that runs before clone(2) returns in its parent has the descriptors of its parent', () => {
  const trace = follow(`
    1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0 <0.000001>
    1 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD <unfinished ...>
    2 close(4<pipe:[7]>) = 0 <0.000001>
    2 dup2(3<pipe:[7]>, 0</dev/null<char 1:3>>) = 0<pipe:[7]> <0.000001>
    1 <... clone resumed>, child_tidptr=0x7f) = 2 <0.000100>`)
  expect(trace.processes.map(({ pid, parent }) => [pid, parent?.pid])).toEqual([
    [1, undefined],
    [2, 1],
  ])
  expect(openIn(trace.processes[0])).toEqual(['3 pipe 1 read', '4 pipe 1 write'])
  expect(openIn(trace.processes[1])).toEqual(['3 pipe 1 read', '0 pipe 1 read'])
})

test('execve(2) closes what has the flag, also when fcntl(2) has set it, and vfork(2) copies the table', () => {
  const trace = follow(`
    1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], O_CLOEXEC) = 0 <0.000001>
    1 pipe2([5<pipe:[8]>, 6<pipe:[8]>], 0) = 0 <0.000001>
    1 fcntl(5<pipe:[8]>, F_SETFD, FD_CLOEXEC) = 0 <0.000001>
    1 vfork( <unfinished ...>
    2 dup2(4<pipe:[7]>, 1</dev/null<char 1:3>>) = 1<pipe:[7]> <0.000001>
    2 execve("/bin/true", ["true", "a b"], 0x7f /* 9 vars */) = 0 <0.000001>
    1 <... vfork resumed>) = 2 <0.000100>`)
  const [parent, child] = trace.processes
  expect(child).toMatchObject({ command: ['true', 'a b'], executed: 1_005_000 })
  expect(openIn(child)).toEqual(['6 pipe 2 write', '1 pipe 1 write'])
  expect(openIn(parent)).toHaveLength(4)
})

test('threads belong to their process, and execve(2) of a thread keeps the process', () => {
  const trace = follow(`
    1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0 <0.000001>
    1 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, exit_signal=0} => {parent_tid=[2]}, 88) = 2 <0.000001>
    2 write(4<pipe:[7]>, "x", 1) = 1 <0.000001>
    2 close(4<pipe:[7]>) = 0 <0.000001>
    1 pause( <unfinished ...>
    2 execve("/bin/true", ["true"], 0x7f /* 9 vars */ <unfinished ...>
    1 +++ superseded by execve in pid 2 +++
    1 <... execve resumed>) = 0 <0.000002>
    1 +++ exited with 4 +++`)
  expect(trace.processes).toMatchObject([
    { pid: 1, threads: 1, command: ['true'], end: { code: 4, signal: null } },
  ])
  expect(trace.blocked).toEqual([])
})

test('a descriptor that a message brings is in the table of the receiver', () => {
  const trace = follow(`
    1 socketpair(AF_UNIX, SOCK_STREAM, 0, [3<UNIX-STREAM:[7->8]>, 4<UNIX-STREAM:[8->7]>]) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    1 pipe2([5<pipe:[9]>, 6<pipe:[9]>], 0) = 0 <0.000001>
    1 sendmsg(3<UNIX-STREAM:[7->8]>, {msg_iov=[{iov_base="x", iov_len=1}], msg_control=[{cmsg_type=SCM_RIGHTS, cmsg_data=[6<pipe:[9]>]}]}, 0) = 1 <0.000001>
    2 recvmsg(4<UNIX-STREAM:[8->7]>, {msg_iov=[{iov_base="x", iov_len=9}], msg_control=[{cmsg_type=SCM_RIGHTS, cmsg_data=[7<pipe:[9]>]}]}, 0) = 1 <0.000001>
    2 recvfrom(4<UNIX-STREAM:[8->7]>, "y", 1, MSG_PEEK, NULL, NULL) = 1 <0.000001>`)
  expect(openIn(trace.processes[1])).toContain('7 pipe 1 write')
  expect(talksOf(trace)).toEqual([['Unix socket 1', 1, 2, 1, 1]])
})

test('the two directions of a connection are two streams, and the object has the address of the server', () => {
  const trace = follow(`
    1 listen(3<TCP:[127.0.0.1:80]>, 9) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    2 sendto(5<TCP:[127.0.0.1:999->127.0.0.1:80]>, "ask", 3, 0, NULL, 0) = 3 <0.000001>
    1 accept4(3<TCP:[127.0.0.1:80]>, NULL, NULL, SOCK_CLOEXEC) = 4<TCP:[127.0.0.1:80->127.0.0.1:999]> <0.000001>
    1 read(4<TCP:[127.0.0.1:80->127.0.0.1:999]>, "ask", 99) = 3 <0.000001>
    1 writev(4<TCP:[127.0.0.1:80->127.0.0.1:999]>, [{iov_base="an", iov_len=2}, {iov_base="swer", iov_len=4}], 2) = 6 <0.000001>
    2 read(5<TCP:[127.0.0.1:999->127.0.0.1:80]>, "answer", 99) = 6 <0.000001>`)
  expect(talksOf(trace)).toEqual([
    ['TCP 127.0.0.1:80', 2, 1, 1, 3],
    ['TCP 127.0.0.1:80', 1, 2, 1, 6],
  ])
})

test('messages of queues are matched by their type, and priorities too', () => {
  const trace = follow(`
    1 msgget(0x4d2, IPC_CREAT|0600) = 5 <0.000001>
    1 fork() = 2 <0.000001>
    1 msgsnd(5, {mtype=1, mtext="one"}, 3, 0) = 0 <0.000001>
    1 msgsnd(5, {mtype=2, mtext="second"}, 6, 0) = 0 <0.000001>
    1 msgrcv(5, {mtype=1, mtext="one"}, 99, 0, IPC_NOWAIT|MSG_COPY) = 3 <0.000001>
    2 msgrcv(5, {mtype=2, mtext="second"}, 99, 2, 0) = 6 <0.000001>
    2 mq_timedsend(3</q>, "yo", 2, 5, NULL) = 0 <0.000001>
    1 mq_timedreceive(3</q>, "yo", 16, [5], NULL) = 2 <0.000001>
    2 msgrcv(5,  <unfinished ...>
    1 msgctl(5, IPC_RMID, NULL) = 0 <0.000001>
    2 <... msgrcv resumed>0x7f, 99, 0, 0) = -1 EIDRM (Identifier removed) <0.002000>
    1 mq_unlink("q") = 0 <0.000001>
    2 mq_timedreceive(3</q>, 0x7f, 16, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable) <0.002000>
    1 msgget(0x4d2, IPC_CREAT|0600) = 5 <0.000001>`)
  expect(talksOf(trace)).toEqual([
    ['queue 5 (key 1234)', 1, 2, 1, 6],
    ['queue /q', 2, 1, 1, 2],
  ])
  expect(trace.things.map(({ label, removed }) => [label, removed?.by.pid])).toEqual([
    ['queue 5 (key 1234)', 1],
    ['queue /q', 1],
    ['queue 5 (key 1234)', undefined],
  ])
})

test('the parent that waits reaps, and a look with WNOWAIT does not', () => {
  const trace = follow(`
    1 fork() = 2 <0.000001>
    1 fork() = 3 <0.000001>
    2 +++ exited with 3 +++
    3 +++ killed by SIGKILL +++
    1 wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 2 <0.000001>
    1 waitid(P_PID, 3, {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=3, si_uid=0}, WEXITED|WNOWAIT, NULL) = 0 <0.000001>`)
  expect(
    trace.processes.map(({ pid, end, reaped }) => [pid, end?.code, end?.signal, reaped?.by.pid]),
  ).toEqual([
    [1, undefined, undefined, undefined],
    [2, 3, null, 1],
    [3, null, 'SIGKILL', undefined],
  ])
})

test('waitid(2) without a place for details reaps the child that it names', () => {
  const { processes } = follow(`
    1 fork() = 2 <0.000001>
    1 fork() = 3 <0.000001>
    2 +++ exited with 0 +++
    3 +++ exited with 0 +++
    1 waitid(P_PID, 2, NULL, WEXITED, NULL) = 0 <0.000001>
    1 waitid(P_PIDFD, 4<pid:3>, NULL, WEXITED, NULL) = 0 <0.000001>`)
  expect(processes.map(({ reaped }) => reaped?.by.pid)).toEqual([undefined, 1, 1])
})

test('a child handles signals as its parent did, and a new program only ignores those that the old one ignored', () => {
  const { processes } = follow(`
    1 rt_sigaction(SIGCHLD, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8) = 0 <0.000001>
    1 rt_sigaction(SIGUSR1, {sa_handler=0x4011, sa_mask=[USR1], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x7}, NULL, 8) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    1 rt_sigaction(SIGUSR1, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, {sa_handler=0x4011, sa_mask=[], sa_flags=0}, 8) = 0 <0.000001>
    1 fork() = 3 <0.000001>
    1 fork() = 4 <0.000001>
    4 rt_sigaction(SIGUSR1, NULL, {sa_handler=0x4011, sa_mask=[], sa_flags=0}, 8) = 0 <0.000001>
    2 fork() = 5 <0.000001>
    5 execve("/bin/x", ["x"], 0x7 /* 1 var */) = 0 <0.000001>`)
  const seen = processes.map(({ pid, actions }) => [pid, ...actions.keys()])
  expect(seen).toEqual([
    [1, 'SIGCHLD'],
    [2, 'SIGCHLD', 'SIGUSR1'],
    [3, 'SIGCHLD'],
    [4, 'SIGCHLD'],
    [5, 'SIGCHLD'],
  ])
  expect(processes[1]?.actions.get('SIGUSR1')).toEqual({
    isIgnored: false,
    flags: ['SA_RESTORER', 'SA_RESTART'],
  })
})

test('the calls of programs for 32 bits are those of others, with other names', () => {
  const { processes, talks, blocked } = follow(`
    1 pipe([3<pipe:[7]>, 4<pipe:[7]>]) = 0 <0.000001>
    1 fcntl64(4<pipe:[7]>, F_SETFD, FD_CLOEXEC) = 0 <0.000001>
    1 mmap2(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0xf7f00000 <0.000001>
    1 fork() = 2 <0.000001>
    2 futex_time64(0xf7f00040, FUTEX_WAIT, 0, NULL) = 0 <0.002000>
    2 +++ exited with 0 +++
    1 waitpid(-1, NULL, 0) = 2 <0.003000>
    1 socketpair(AF_UNIX, SOCK_STREAM, 0, [5<UNIX-STREAM:[8->9]>, 6<UNIX-STREAM:[9->8]>]) = 0 <0.000001>
    1 send(5<UNIX-STREAM:[8->9]>, "x", 1, 0) = 1 <0.000001>
    1 recv(6<UNIX-STREAM:[9->8]>, "x", 9, 0) = 1 <0.000001>
    1 clock_nanosleep_time64(CLOCK_REALTIME, 0, {tv_sec=9, tv_nsec=0}, <unfinished ...>`)
  expect(processes[0]?.table.get(4)).toMatchObject({ closesOnExec: true })
  expect(processes[1]?.reaped?.by).toBe(processes[0])
  expect([...(processes[1]?.waits.values() ?? [])]).toMatchObject([
    { call: 'futex', about: 'shared mapping 1' },
  ])
  expect(talks).toMatchObject([{ messages: 1, bytes: 1 }])
  expect(blocked).toMatchObject([{ call: 'clock_nanosleep', object: 'time' }])
})

test('a number that the kernel uses again is another object, and another process', () => {
  const trace = follow(`
    1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0 <0.000001>
    1 write(4<pipe:[7]>, "lost", 4) = 4 <0.000001>
    1 close(3<pipe:[7]>) = 0 <0.000001>
    1 close(4<pipe:[7]>) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    2 +++ exited with 0 +++
    1 wait4(2, NULL, 0, NULL) = 2 <0.000001>
    1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    1 write(4<pipe:[7]>, "new", 3) = 3 <0.000001>
    2 read(3<pipe:[7]>, "new", 9) = 3 <0.000001>`)
  expect(trace.things.map(({ label }) => label)).toEqual(['pipe 1', 'pipe 2'])
  expect(trace.processes).toHaveLength(3)
  expect(trace.talks).toMatchObject([{ bytes: 3, to: { parent: { pid: 1 } } }])
  expect(trace.talks[0]?.to.end).toBeUndefined()
})

test('a call counts as blocked from 1 ms on, and one that has not returned at the end is told', () => {
  const trace = follow(`
    1 mknodat(AT_FDCWD</tmp>, "f", S_IFIFO|0600) = 0 <0.000001>
    1 fork() = 2 <0.000001>
    1 openat(AT_FDCWD</tmp>, "f", O_RDONLY) = 3</tmp/f> <0.004000>
    1 read(3</tmp/f>, "x", 9) = 1 <0.001000>
    1 read(3</tmp/f>, "x", 9) = 1 <0.000999>
    1 openat(AT_FDCWD</tmp>, "/etc/passwd", O_RDONLY) = 4</etc/passwd> <0.004000>
    2 openat(AT_FDCWD</tmp>, "g", O_RDONLY <unfinished ...>
    1 unlink("f") = 0 <0.000001>`)
  const [first] = trace.processes
  expect([...(first?.waits.values() ?? [])]).toMatchObject([
    { call: 'openat', about: 'FIFO /tmp/f', count: 1, total: 4000 },
    { call: 'read', about: 'FIFO /tmp/f', count: 1, total: 1000 },
  ])
  expect(trace.blocked).toMatchObject([{ call: 'openat', object: '/tmp/g', process: { pid: 2 } }])
  expect(trace.things[0]).toMatchObject({
    kind: 'fifo',
    made: { by: { pid: 1 } },
    removed: { by: { pid: 1 } },
  })
})

test('a long run needs little memory', () => {
  const model = createModel()
  const parser = createParser(model.take)
  parser.push(Buffer.from('1 1.000000 pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0 <0.000001>\n'))
  const round = Buffer.from(
    '1 1.000001 write(4<pipe:[7]>, "x", 1) = 1 <0.002000>\n1 1.000002 read(3<pipe:[7]>, "x", 1) = 1 <0.002000>\n'.repeat(
      1000,
    ),
  )
  const grows = () => {
    for (let n = 0; n < 20; n++) parser.push(round)
    return process.memoryUsage().heapUsed
  }
  const [before, after] = [grows(), grows()]
  expect(after - before).toBeLessThan(40 * 2 ** 20)
  expect(model.finish()).toMatchObject({ calls: 80_001, talks: [{ messages: 40_000, bytes: 40_000 }] })
})

test('a call that the kernel continues after a signal keeps its name', () => {
  const { blocked, processes } = follow(`
    1 clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=9, tv_nsec=0}, 0x7f) = ? ERESTART_RESTARTBLOCK (Interrupted by signal) <0.500000>
    1 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=9, si_uid=0} ---
    1 restart_syscall(<... resuming interrupted clock_nanosleep ...>) = ? ERESTART_RESTARTBLOCK (Interrupted by signal) <0.500000>
    1 restart_syscall(<... resuming interrupted clock_nanosleep ...>, <unfinished ...>`)
  expect(blocked).toMatchObject([{ call: 'clock_nanosleep', object: 'time' }])
  expect([...processes[0]!.waits.values()]).toMatchObject([
    { call: 'clock_nanosleep', count: 2, total: 1_000_000 },
  ])
})

test('a call that began just before the end of the trace is not blocked, unless the end is not known', () => {
  const log = `
    1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], O_NONBLOCK) = 0 <0.000001>
    1 read(3<pipe:[7]>,  <unfinished ...>`
  expect(follow(log, 50).blocked).toEqual([])
  expect(follow(log, 5000).blocked).toHaveLength(1)
  expect(follow(log).blocked).toHaveLength(1)
})

test('a process is stopped until its next line', () => {
  const stopped = `
    1 kill(1, SIGSTOP) = 0 <0.000001>
    1 --- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=1, si_uid=0} ---
    1 --- stopped by SIGSTOP ---`
  expect(follow(stopped).processes[0]!.stoppedBy).toBe('SIGSTOP')
  const continued = `${stopped}
    1 --- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=9, si_uid=0} ---`
  expect(follow(continued).processes[0]!.stoppedBy).toBe(undefined)
})

test('a last line that is cut anywhere changes no descriptor', () => {
  const before = [
    '10 5.000001 pipe2([3<pipe:[3455]>, 4<pipe:[3455]>], 0) = 0 <0.000001>',
    '10 5.000002 close(4<pipe:[3455]>) = 0 <0.000001>',
  ]
  const last = '10 5.000003 read(3<pipe:[3455]>, "x, y", 100) = 4 <0.000001>'
  for (let length = 0; length < last.length; length++) {
    const model = createModel()
    const parser = createParser(model.take)
    parser.push(Buffer.from(`${before.join('\n')}\n${last.slice(0, length)}`))
    parser.end()
    const { blocked, processes } = model.finish()
    if (length > last.indexOf('>') && length <= last.indexOf(')'))
      expect(blocked).toMatchObject([{ call: 'read', thing: { label: 'pipe 1' } }])
    const [process] = processes
    const table = [...(process?.table ?? [])].map(([fd, { thing, end }]) => [fd, thing.label, end])
    expect([last.slice(0, length), table]).toEqual([last.slice(0, length), [[3, 'pipe 1', 'read']]])
  }
})
