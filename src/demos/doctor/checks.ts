/** What commands need from a machine. Each check tries one thing and returns what it observed. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { availableParallelism, cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { OsdemoError, systemCallError, Unavailable } from '../../errors.js'
import type { Data } from '../../events.js'
import { openBothEnds, reopen } from '../../ipc/fifo.js'
import { bytesInPipe, pipeCapacity } from '../../ipc/pipe-room.js'
import { attachObject } from '../../ipc/posix-shm.js'
import { trace } from '../../ipc/ptrace.js'
import { openSemaphore } from '../../ipc/semaphore.js'
import { receiveMessage, sendMessage } from '../../ipc/sysv-msg.js'
import { attachSegment } from '../../ipc/sysv-shm.js'
import { boundAddress, probePort } from '../../ipc/tcp.js'
import { readQueueLimits } from '../../proc/mqueue.js'
import { unprivilegedPortStart } from '../../proc/net-tcp.js'
import { hidesOtherUsers, readStat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { readSyscall } from '../../proc/syscall.js'
import { waitingThreads } from '../../proc/task.js'
import { ptraceScope } from '../../proc/yama.js'
import { tryCompiler } from '../../run/compile.js'
import { runtimeFolder } from '../../run/runtime-folder.js'
import type { Stage } from '../../run/stage.js'
import { tryStrace } from '../../run/start-traced.js'
import { requireIoCounts } from '../models/index.js'
import { requireScheduler } from '../process/busy-children.js'
import { makePrivateMessageQueue, requireMessageQueues } from '../queue/keyed-queue.js'
import { makePrivateQueue, requireQueues } from '../queue/posix-queue.js'
import { makePrivateNamed, makePrivateSet } from '../semaphore/private.js'
import { requireSets } from '../semaphore/semaphore.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { inNamespaces } from '../shared/namespaces.js'
import { requireProc } from '../shared/require-proc.js'
import { shellHint } from '../shared/shell.js'
import { makePrivateObject, requireObjects } from '../shm/object.js'
import { makePrivateSegment, requireSegments } from '../shm/segment.js'

export interface Check {
  /** What is tried, in two or three words: it stands in a column of the table. */
  name: string
  /** A sentence for a machine that lacks it. */
  lack: string
  /** What osdemo does with it, or without it. */
  use: string
  /** If it fails and one of these is missing as well, that is the cause. */
  after?: readonly string[]
  /** What was asked: a file, a call or a command. */
  source: string
  /** @throws OsdemoError where the machine lacks it; the hint says how to mend that */
  look(stage: Stage): Seen | Promise<Seen>
}

/** What was observed, in words; and for programs, where it contains a number or more. */
type Seen = string | { value: string; data: Data }

/** With fewer files than this some commands failed with EMFILE. With 44 none did. */
const enoughFiles = 64

const linux = process.platform === 'linux'
const useLinux = 'Use osdemo on Linux.'
const mountProc = linux ? 'Mount it: mount -t proc proc /proc' : useLinux

export const checks = {
  folder: {
    name: 'runtime folder',
    lack: 'The runtime folder cannot be used.',
    use: 'osdemo creates its private objects there, and records there what it must remove.',
    source: 'mkdir(2), lstat(2)',
    look: runtimeFolder,
  },
  proc: {
    name: '/proc',
    lack: '/proc is missing, or it belongs to another pid namespace.',
    use: 'osdemo reads there what the kernel reports about processes.',
    source: '/proc/self/stat',
    look() {
      requireProc('osdemo')
      return `state ${readStat(process.pid)?.state}`
    },
  },
  waits: {
    name: 'view of waiting',
    lack: 'The kernel hides in which system call another process is blocked.',
    use: 'osdemo reads it to prove that a process waits, and for what.',
    source: '/proc/PID/syscall',
    after: ['proc'],
    look: seeChildWait,
  },
  users: {
    name: 'other users',
    lack: '/proc hides the processes of other users.',
    use: 'osdemo finds there which process is the parent of another one, and what a process waits for.',
    source: '/proc/1/stat',
    after: ['proc'],
    look() {
      if (!hidesOtherUsers()) return 'pid 1 is shown'
      throw new Unavailable(
        'pid 1 exists, but /proc does not show it',
        'Run osdemo as root, or mount /proc with hidepid=0 or with gid= and a group of yours. See proc(5).',
      )
    },
  },
  reopen: {
    name: '/proc/self/fd',
    lack: 'A file that is open cannot be opened again through /proc/self/fd.',
    use: 'osdemo checks an open FIFO and then opens the same one for reading or writing.',
    source: '/proc/self/fd',
    after: ['proc'],
    look() {
      if (!linux) return 'not needed on this system'
      const fd = openSync('/', 'r')
      try {
        closeSync(reopen(fd, constants.O_RDONLY))
      } catch (error) {
        throw systemCallError(error, 'cannot open a file through /proc/self/fd', mountProc)
      } finally {
        closeSync(fd)
      }
      return 'a file was opened again'
    },
  },
  fifo: {
    name: 'FIFO',
    lack: 'No FIFO can be created.',
    use: 'The demos of pipes create one in the runtime folder.',
    source: 'mkfifo',
    after: ['folder'],
    async look(stage) {
      const folder = runtimeFolder()
      const { ino } = statSync(await makePrivateFifo(stage, 'doctor'))
      return { value: `created in ${folder}, inode ${ino}`, data: { folder, ino } }
    },
  },
  compiler: {
    name: 'C compiler',
    lack: 'No C compiler works.',
    use: 'osdemo compiles small C programs for what Node cannot do, such as fork(2).',
    source: 'cc -fsyntax-only',
    look: () => tryCompiler('fork-shares'),
  },
  strace: {
    name: 'strace',
    lack: 'strace(1) does not work.',
    use: 'osdemo lets it report the system calls of your program.',
    source: 'strace true',
    look: tryStrace,
  },
  pipeRoom: {
    name: 'pipe capacity',
    lack: 'The kernel does not report the capacity of a pipe.',
    use: 'osdemo compares it with what a writer could write.',
    source: 'fcntl(2) F_GETPIPE_SZ, ioctl(2) FIONREAD',
    after: ['fifo'],
    async look(stage) {
      const path = await makePrivateFifo(stage, 'doctor-pipe')
      const { reading, writing } = openBothEnds(path)
      try {
        const [capacity, held] = [pipeCapacity(writing), bytesInPipe(reading)]
        return { value: `capacity ${capacity} bytes, ${held} in use`, data: { capacity, held } }
      } finally {
        closeSync(reading)
        closeSync(writing)
      }
    },
  },
  leash: {
    name: 'setpriv',
    lack: 'There is no program setpriv that knows --pdeathsig.',
    use: 'Nothing is lost: each actor then asks the kernel itself to be killed with the supervisor.',
    source: 'setpriv --pdeathsig',
    look: () =>
      new Promise((resolve, reject) => {
        const lack = new Unavailable(
          'setpriv is missing or does not know --pdeathsig',
          linux ? 'Install it: apt-get install util-linux' : undefined,
        )
        execFile('setpriv', ['--pdeathsig', 'KILL', 'true'], (error) =>
          error ? reject(lack) : resolve('accepted'),
        )
      }),
  },
  shell: {
    name: 'sh and cat',
    lack: 'There is no sh or no cat in PATH.',
    use: 'Some demos start a shell as the parent of their processes.',
    source: 'sh -c cat',
    look: () =>
      outputOf('cat </dev/null && echo work').catch((cause: unknown) => {
        throw new Unavailable('sh or cat cannot be executed', shellHint, cause)
      }),
  },
  unrelated: {
    name: 'other programs',
    lack: 'The kernel hides in which system call a process waits that osdemo has not started.',
    use: '`osdemo why` reads there what a process of yours waits for.',
    source: '/proc/PID/syscall',
    after: ['proc', 'waits', 'shell'],
    look: seeOrphanWait,
  },
  tracing: {
    name: 'tracing',
    lack: 'A process may not trace its own child.',
    use: 'Some demos stop a child with ptrace(2) and read its registers.',
    source: 'ptrace(2)',
    look: traceChild,
  },
  namespaces: {
    name: 'namespaces',
    lack: 'No process can be started in namespaces of its own.',
    use: '`osdemo pipe one-machine` starts readers there.',
    source: 'unshare --map-root-user --mount --net',
    after: ['shell'],
    look: () =>
      new Promise((resolve, reject) => {
        const [shell, ...words] = inNamespaces
        execFile(shell, [...words, '--mount', '--net', 'echo', 'work'], (error, stdout) => {
          const hint = linux ? 'Run osdemo outside this container, or as root.' : useLinux
          if (error || stdout !== 'work\n') reject(new Unavailable(stdout.trim() || `${error}`, hint))
          else resolve('they work')
        })
      }),
  },
  loopback: {
    name: 'loopback',
    lack: 'A process cannot connect to another one on this machine.',
    use: 'The demos of sockets connect over 127.0.0.1.',
    source: 'connect(2)',
    look: connectToOurselves,
  },
  lowPorts: {
    name: 'ports below 1024',
    lack: 'It is unknown whether a port below 1024 may be used.',
    use: 'No command needs such a port.',
    source: 'bind(2)',
    async look() {
      const { port, errno } = await probePort(1023)
      if (errno === undefined) return 'allowed'
      const first = unprivilegedPortStart() ?? 1024
      return { value: `${errno} for port ${port}, allowed from ${first} on`, data: { errno, port, first } }
    },
  },
  threads: {
    name: 'threads',
    lack: 'Threads cannot share memory.',
    use: 'The demo of threads starts some that write to the same memory.',
    source: 'Atomics.add',
    look: addInThread,
  },
  segments: {
    name: 'shared memory',
    lack: 'System V shared memory does not work.',
    use: 'The demos of shared memory let processes attach one segment.',
    source: 'shmget(2), shmat(2), /proc/sysvipc/shm',
    after: ['folder', 'proc'],
    async look(stage) {
      requireSegments('shm demo')
      const id = makePrivateSegment(stage, 4096)
      attachSegment(id, 4096).detach()
      return { value: `segment ${id} attached`, data: { id } }
    },
  },
  semaphores: {
    name: 'semaphores',
    lack: 'System V or POSIX semaphores do not work.',
    use: 'Processes wait on them for each other.',
    source: 'semget(2), sem_open(3), /proc/sysvipc/sem',
    after: ['folder', 'proc'],
    look(stage) {
      requireSets('semaphore demo')
      const made = [makePrivateSet(stage, 1), makePrivateNamed(stage, 1)]
      const values = made.map(({ place }) => openSemaphore(place).value() ?? -1)
      return { value: `values ${values.join(' and ')} were read`, data: values }
    },
  },
  objects: {
    name: 'POSIX memory',
    lack: 'POSIX shared memory does not work.',
    use: 'The tools of shared memory use it with --name, and one demo maps it.',
    source: 'shm_open(3), mmap(2)',
    after: ['folder', 'proc'],
    look(stage) {
      requireObjects('shm posix')
      const object = makePrivateObject(stage, 'doctor')
      attachObject(object, 4096, { room: 4096 }).detach()
      return { value: `${object.name} mapped, inode ${object.ino}`, data: { ino: object.ino } }
    },
  },
  scheduler: {
    name: 'scheduler',
    lack: 'The work of the scheduler cannot be observed.',
    use: 'osdemo keeps busy children on one CPU and reads how long each ran and was ready.',
    source: '/proc/self/schedstat, sched_setaffinity(2)',
    after: ['proc'],
    look() {
      const cpus = requireScheduler('process schedule')
      return { value: `a child can be kept on CPU ${cpus.at(-1)}`, data: cpus }
    },
  },
  io: {
    name: 'I/O counts',
    lack: 'The kernel does not count what a process reads and writes.',
    use: 'The demo of the two models shows from these counts what the kernel copies.',
    source: '/proc/thread-self/io',
    after: ['proc'],
    look() {
      requireIoCounts()
      return 'counted for each thread'
    },
  },
  sysvQueues: {
    name: 'System V queues',
    lack: 'System V message queues do not work.',
    use: 'queue send and queue receive use one with --kind sysv.',
    source: 'msgget(2), msgsnd(2), msgrcv(2), /proc/sysvipc/msg',
    after: ['folder', 'proc'],
    look(stage) {
      const { longest, bytes } = requireMessageQueues('queue demo --kind sysv')
      const { id } = makePrivateMessageQueue(stage)
      sendMessage(id, { type: 1n, message: Buffer.from('hello') })
      receiveMessage(id, { type: 0n, size: longest })
      return { value: `messages of at most ${longest} bytes, ${bytes} in a queue`, data: { longest, bytes } }
    },
  },
  queues: {
    name: 'message queues',
    lack: 'POSIX message queues do not work.',
    use: 'The demos of message passing send through such a queue.',
    source: 'mq_open(3), mq_send(3), mq_receive(3)',
    after: ['folder', 'proc'],
    async look(stage) {
      requireQueues('queue demo')
      const queue = makePrivateQueue(stage, { capacity: 1, messageSize: 8 })
      queue.send(Buffer.from('hello'))
      queue.receive()
      // `requireQueues` has seen that the kernel has queues, and so their limits.
      const { capacity, messageSize } = readQueueLimits()!
      const value = `at most ${capacity} messages of ${messageSize} bytes each`
      return { value, data: { capacity, messageSize } }
    },
  },
  cpus: {
    name: 'second CPU',
    lack: 'osdemo may use only one CPU.',
    use: 'Two processes then never run at the same moment, so some races do not show.',
    source: readStatus(process.pid) ? '/proc/self/status' : 'os.availableParallelism',
    look() {
      const number = availableParallelism()
      const list = readStatus(process.pid)?.cpusAllowed
      if (number > 1) {
        return { value: list === undefined ? `${number}` : `Cpus_allowed_list: ${list}`, data: number }
      }
      const hint =
        cpus().length > 1
          ? 'Allow it two: taskset -c 0,1 osdemo COMMAND'
          : 'Give this virtual machine or container a second CPU.'
      throw new Unavailable(list === undefined ? '1' : `Cpus_allowed_list: ${list}`, hint)
    },
  },
  files: {
    name: 'open files',
    lack: 'A process may have only a few files open.',
    use: 'A command that needs more descriptors fails with EMFILE.',
    source: 'ulimit -n',
    async look() {
      const text = await outputOf('ulimit -n')
      const limit = Number(text)
      if (limit < enoughFiles) throw new Unavailable(text, 'Raise the limit: ulimit -n 1024')
      return text === 'unlimited' ? text : { value: text, data: limit }
    },
  },
} satisfies Record<string, Check>

/** Yama, the user of the process or a sandbox may forbid it. Only a try shows whether one of them does. */
async function seeChildWait(stage: Stage): Promise<string> {
  // In the /proc of another pid namespace, the pid of the child would be that of another process.
  requireProc('osdemo')
  const pid = startNode(stage)
  const found = await stage.poll(() => {
    if (readSyscall(pid, pid) === undefined) return 'closed'
    return waitingThreads(pid).find(({ tid, syscall }) => tid === pid && syscall?.startsWith('epoll_'))
  })
  if (typeof found === 'object') return `${found.syscall}${found.wchan ? `, in ${found.wchan}` : ''}`
  throw notReadable()
}

/** The pid of a child that waits for input until the check ends. */
function startNode(stage: Stage): number {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => {})
  const { pid } = child
  if (pid === undefined) {
    throw new Unavailable('no process can be started', 'Raise the limits: ulimit -u, ulimit -n')
  }
  stage.scope.defer(() => child.kill('SIGKILL'))
  return pid
}

function traceChild(stage: Stage): string {
  if (!linux) throw new Unavailable('this system has no such ptrace(2)', useLinux)
  try {
    trace(startNode(stage))
  } catch (error) {
    throw systemCallError(error, 'cannot trace a child', notReadable().hint ?? useLinux)
  }
  return 'a child was traced'
}

/** With ptrace_scope 1, Yama shows the system calls of descendants only. A process whose parent has exited is none. */
async function seeOrphanWait(stage: Stage): Promise<string> {
  requireProc('osdemo')
  // Not its stdin: a shell connects that of a command which it does not wait for to /dev/null.
  const shell = spawn('sh', ['-c', 'cat <&3 >/dev/null & echo $!'], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  })
  shell.on('error', () => {})
  // At end of file, cat exits.
  stage.scope.defer(() => shell.stdio[3]?.destroy())
  let text = ''
  shell.stdout?.on('data', (chunk) => {
    text += chunk
  })
  await Promise.all([once(shell, 'exit'), shell.stdout && once(shell.stdout, 'close')]).catch(
    (cause: unknown) => {
      throw new Unavailable('sh cannot be executed', shellHint, cause)
    },
  )
  const pid = Number(text)
  const found = await stage.poll(() => {
    const state = readStat(pid)?.state
    // During execve(2) the kernel hides the call even from its owner.
    if (state === 'R' || state === 'D') return undefined
    return (state === 'S' && readSyscall(pid, pid)) || 'hidden'
  })
  if (typeof found === 'object') return `call ${found.number} of a process whose parent has exited`
  throw notReadable()
}

/** The kernel does not show a system call: because of Yama, or of a sandbox. */
function notReadable(): Unavailable {
  const yama = ptraceScope()
  const otherwise = linux ? 'Run osdemo as root, or outside this container.' : useLinux
  const mends = new Map([
    [1, 'Run `osdemo why` as root, or allow it as root: sysctl kernel.yama.ptrace_scope=0'],
    [2, 'Allow it, as root: sysctl kernel.yama.ptrace_scope=1'],
    [3, 'Start the system with kernel.yama.ptrace_scope=1: a running one cannot go back from 3.'],
  ])
  const setting = yama === undefined ? '' : ` (kernel.yama.ptrace_scope is ${yama})`
  return new Unavailable(`not readable${setting}`, mends.get(yama ?? 0) ?? otherwise)
}

async function connectToOurselves(): Promise<string> {
  const server = createServer((socket) => socket.destroy())
  try {
    const port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(boundAddress(server.address()).port))
    })
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port }, () => resolve(void socket.destroy()))
      socket.once('error', reject)
    })
    return `127.0.0.1:${port} accepted`
  } catch (error) {
    throw systemCallError(
      error,
      'cannot connect to 127.0.0.1',
      'Check that the interface lo is up: ip link set lo up',
    )
  } finally {
    server.close()
  }
}

async function addInThread(): Promise<string> {
  const cells = new Int32Array(new SharedArrayBuffer(4))
  const code = "Atomics.add(require('node:worker_threads').workerData, 0, 1)"
  try {
    const worker = new Worker(code, { eval: true, workerData: cells })
    await new Promise((resolve, reject) => worker.once('error', reject).once('exit', resolve))
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    throw new Unavailable(`no thread can be started: ${reason}`, 'Raise the limits: ulimit -u, ulimit -n')
  }
  if (Atomics.load(cells, 0) === 1) return 'one thread read what another wrote'
  throw new Unavailable('one thread cannot read what another wrote', 'Use a newer Node.')
}

function outputOf(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', line], (error, stdout) =>
      error ? reject(new OsdemoError(`cannot execute sh: ${error.message}`, 1)) : resolve(stdout.trim()),
    )
  })
}
