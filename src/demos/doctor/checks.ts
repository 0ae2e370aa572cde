/** What commands need of a machine: each check tries it, and gives back what it saw. */
import { execFile, spawn } from 'node:child_process'
import { closeSync, constants, openSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { availableParallelism, cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { OsdemoError, systemCallError, Unavailable } from '../../errors.js'
import type { Data } from '../../events.js'
import { openBothEnds, reopen } from '../../ipc/fifo.js'
import { bytesInPipe, pipeCapacity } from '../../ipc/pipe-room.js'
import { attachSegment } from '../../ipc/sysv-shm.js'
import { boundAddress, probePort } from '../../ipc/tcp.js'
import { readQueueLimits } from '../../proc/mqueue.js'
import { unprivilegedPortStart } from '../../proc/net-tcp.js'
import { readStat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { readSyscall } from '../../proc/syscall.js'
import { waitingThreads } from '../../proc/task.js'
import { ptraceScope } from '../../proc/yama.js'
import { tryCompiler } from '../../run/compile.js'
import { runtimeFolder } from '../../run/runtime-folder.js'
import type { Stage } from '../../run/stage.js'
import { requireScheduler } from '../process/busy-children.js'
import { makePrivateQueue, requireQueues } from '../queue/posix-queue.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { shellHint } from '../shared/shell.js'
import { makePrivateSegment, requireSegments } from '../shm/segment.js'

interface Check {
  /** What is looked for, and who is asked. */
  about: string
  source: string
  /** @throws OsdemoError when it is not there, with what to do as its hint */
  look(stage: Stage): Seen | Promise<Seen>
}

/** What was seen, in words; and for programs, where there is a number or more in it. */
type Seen = string | { value: string; data: Data }

/** With fewer files than this some command or other was seen to fail with EMFILE; none failed with 44. */
const enoughFiles = 64

const linux = process.platform === 'linux'
const mountProc = linux ? 'mount it: mount -t proc proc /proc' : 'run it on Linux'

export const checks = {
  proc: {
    about: 'processes in /proc',
    source: '/proc/self/stat',
    look() {
      const stat = readStat(process.pid)
      if (!stat) throw new Unavailable('there is no /proc here', mountProc)
      return `state ${stat.state}`
    },
  },
  waits: {
    about: 'a child waits in',
    source: '/proc/PID/syscall, wchan',
    look: seeChildWait,
  },
  reopen: {
    about: 'opening what is held',
    source: '/proc/self/fd',
    look() {
      if (!linux) return 'not needed here'
      const fd = openSync('/', 'r')
      try {
        closeSync(reopen(fd, constants.O_RDONLY))
      } catch (error) {
        throw systemCallError(error, 'cannot open a file through /proc/self/fd', mountProc)
      } finally {
        closeSync(fd)
      }
      return 'works'
    },
  },
  fifo: {
    about: 'a FIFO',
    source: 'mkfifo',
    async look(stage) {
      const folder = runtimeFolder()
      const { ino } = statSync(await makePrivateFifo(stage, 'doctor'))
      return { value: `made in ${folder}, inode ${ino}`, data: { folder, ino } }
    },
  },
  compiler: {
    about: 'a C compiler',
    source: 'cc -fsyntax-only',
    look: () => tryCompiler('fork-shares'),
  },
  pipeRoom: {
    about: 'what a pipe holds',
    source: 'fcntl F_GETPIPE_SZ, ioctl FIONREAD',
    async look(stage) {
      const path = await makePrivateFifo(stage, 'doctor-pipe')
      const { reading, writing } = openBothEnds(path)
      try {
        const [capacity, held] = [pipeCapacity(writing), bytesInPipe(reading)]
        return { value: `${capacity} bytes at most, ${held} now`, data: { capacity, held } }
      } finally {
        closeSync(reading)
        closeSync(writing)
      }
    },
  },
  leash: {
    about: 'actors die with osdemo',
    source: 'setpriv --pdeathsig',
    look: () =>
      new Promise((resolve, reject) => {
        const lack = new Unavailable(
          'no setpriv that knows --pdeathsig: actors ask the kernel themselves to end with osdemo',
          linux ? 'install util-linux' : undefined,
        )
        execFile('setpriv', ['--pdeathsig', 'KILL', 'true'], (error) =>
          error ? reject(lack) : resolve('yes'),
        )
      }),
  },
  shell: {
    about: 'a shell, and cat',
    source: 'sh -c',
    look: () =>
      outputOf('cat </dev/null && echo work').catch((cause: unknown) => {
        throw new Unavailable('there is no sh or no cat in PATH', shellHint, cause)
      }),
  },
  loopback: {
    about: 'TCP in here',
    source: 'connect(2)',
    look: connectToOurselves,
  },
  lowPorts: {
    about: 'ports below 1024',
    source: 'bind(2)',
    async look() {
      const { port, errno } = await probePort(1023)
      if (errno === undefined) return 'allowed'
      const first = unprivilegedPortStart() ?? 1024
      return { value: `${errno} for port ${port}, allowed from ${first} on`, data: { errno, port, first } }
    },
  },
  threads: {
    about: 'memory that threads share',
    source: 'Atomics.add',
    look: addInThread,
  },
  segments: {
    about: 'memory that processes share',
    source: 'shmget(2), shmat(2), /proc/sysvipc/shm',
    async look(stage) {
      requireSegments('this')
      const id = makePrivateSegment(stage, 4096)
      attachSegment(id, 4096).detach()
      return { value: `segment ${id} attached`, data: { id } }
    },
  },
  scheduler: {
    about: 'what the scheduler counts',
    source: '/proc/self/schedstat, sched_setaffinity(2)',
    look() {
      const cpus = requireScheduler('this')
      return { value: `there, and a child can be kept on CPU ${cpus.at(-1)}`, data: cpus }
    },
  },
  queues: {
    about: 'POSIX message queues',
    source: 'mq_open(3), mq_send(3), mq_receive(3)',
    async look(stage) {
      requireQueues('this')
      const queue = makePrivateQueue(stage, { capacity: 1, messageSize: 8 })
      queue.send(Buffer.from('hello'))
      queue.receive()
      // `requireQueues` has seen that the kernel has queues, and so their limits.
      const { capacity, messageSize } = readQueueLimits()!
      const value = `works, up to ${capacity} messages of ${messageSize} bytes in each`
      return { value, data: { capacity, messageSize } }
    },
  },
  cpus: {
    about: 'CPUs for osdemo',
    source: readStatus(process.pid) ? '/proc/self/status' : 'os.availableParallelism',
    look() {
      const number = availableParallelism()
      const list = readStatus(process.pid)?.cpusAllowed
      if (number > 1) {
        return { value: list === undefined ? `${number}` : `${number}, namely ${list}`, data: number }
      }
      const hint =
        cpus().length > 1 ? 'allow it two, as with taskset -c 0,1' : 'give this machine a second one'
      throw new Unavailable('osdemo may use one CPU only', hint)
    },
  },
  files: {
    about: 'open files at most',
    source: 'ulimit -n',
    async look() {
      const text = await outputOf('ulimit -n')
      const limit = Number(text)
      if (limit < enoughFiles) {
        throw new Unavailable(`only ${text} files may be open at once`, 'raise the limit: ulimit -n 1024')
      }
      return text === 'unlimited' ? text : { value: text, data: limit }
    },
  },
} satisfies Record<string, Check>

/** Who may see it is for the kernel to say: Yama, another user, or a sandbox may have closed it. So a child is looked at. */
async function seeChildWait(stage: Stage): Promise<string> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => {})
  const { pid } = child
  if (pid === undefined) throw new Unavailable('no process can be started', 'see ulimit -u and ulimit -n')
  stage.scope.defer(() => child.kill('SIGKILL'))
  const found = await stage.poll(() => {
    if (readSyscall(pid, pid) === undefined) return 'closed'
    return waitingThreads(pid).find(({ tid, syscall }) => tid === pid && syscall?.startsWith('epoll_'))
  })
  if (typeof found === 'object') return `${found.syscall}, ${found.wchan ?? 'function not shown'}`
  const yama = ptraceScope()
  const strict = yama === 2 || yama === 3
  throw new Unavailable(
    'the kernel does not show us in which system call a child waits',
    strict ? `kernel.yama.ptrace_scope is ${yama}: make it 1` : linux ? undefined : 'run it on Linux',
  )
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
    return `127.0.0.1:${port} answered`
  } catch (error) {
    throw systemCallError(
      error,
      'no TCP connection within this machine',
      'is the interface lo up? ip link set lo up',
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
    throw new Unavailable(`no thread can be started: ${error instanceof Error ? error.message : error}`)
  }
  if (Atomics.load(cells, 0) !== 1) throw new Unavailable('what a thread wrote cannot be seen by another')
  return 'works'
}

function outputOf(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', line], (error, stdout) =>
      error ? reject(new OsdemoError(`cannot ask sh: ${error.message}`, 1)) : resolve(stdout.trim()),
    )
  })
}
