/** A step as a command to type in another terminal, and what it does and costs. */
import { readFamily } from '../../../proc/family.js'
import { readStat } from '../../../proc/stat.js'
import { quoted } from '../../../shell-quote.js'
import { counted } from '../../../text.js'
import type { Advice } from '../../../why/advice.js'
import type { Blocker } from '../../../why/blocker.js'
import type { Step, UnixAddress } from '../../../why/step.js'
import { verb } from './telling.js'
import { listed, named, seconds } from './words.js'

/** linux/ipc.h */
const IPC_NOWAIT = 0o4000

/** Undefined for a step that needs no command. */
export function commandOf({ step, pid, enter }: Advice): string | undefined {
  const command = plainCommand(step)
  if (command === undefined || enter === undefined) return command
  return `nsenter -t ${pid} ${enter === 'ipc' ? '-i' : '-n'} ${command}`
}

function plainCommand(step: Step): string | undefined {
  switch (step.do) {
    case 'wait':
    case 'foreground':
      return undefined
    case 'thaw':
      return `echo ${step.word} > ${quoted(step.file)}`
    case 'write':
      return `echo hello > ${quoted(step.path)}`
    case 'read':
      return step.bytes === undefined
        ? `cat ${quoted(step.path)}`
        : `head -c ${step.bytes} ${quoted(step.path)} > /dev/null`
    case 'connect-tcp':
      return `node -e ${quoted(`net.connect(${step.port}, "${step.host}").end()`)}`
    // A name that bash itself knows; the command of Node would not fit on a line.
    case 'send-udp':
      return `bash -c ${quoted(`echo hello > /dev/udp/${step.host}/${step.port}`)}`
    case 'connect-unix': {
      const address = literal(step.address)
      // Node connects to streams only; to an address in no file system, only its newer versions do.
      if (step.type === 'stream' && 'path' in step.address)
        return `node -e ${quoted(`net.connect(${address}).end()`)}`
      return `python3 -c ${quoted(`${pythonSocket(step.type)}.connect(${address})`)}`
    }
    case 'send-unix':
      return `python3 -c ${quoted(`${pythonSocket(step.type)}.sendto(b"hello", ${literal(step.address)})`)}`
    case 'send-message':
      return `osdemo queue send hello --name ${quoted(step.queue)}`
    case 'receive-message':
      return `osdemo queue receive --max 1 --name ${quoted(step.queue)}`
    // Perl alone has these calls built in and is installed nearly everywhere.
    case 'send-system-v':
      return `perl -e ${quoted(`msgsnd(${step.id}, pack("l! a*", ${step.type}, "hello"), 0)`)}`
    case 'receive-system-v':
      return `perl -e ${quoted(`msgrcv(${step.id}, $m, 65536, 0, 0)`)}`
    case 'add-system-v': {
      // Taking from a semaphore must not block this command: IPC_NOWAIT.
      const numbers = step.added.flatMap(({ semaphore, change }) => [
        semaphore,
        change,
        change < 0 ? IPC_NOWAIT : 0,
      ])
      return `perl -e ${quoted(`semop(${step.id}, pack("s*", ${numbers.join(', ')}))`)}`
    }
    case 'post-semaphore': {
      const name = JSON.stringify(step.name)
      const code = `import ctypes as c; l = c.CDLL(None); l.sem_open.restype = c.c_void_p; l.sem_post(c.c_void_p(l.sem_open(b${name}, 0)))`
      return `python3 -c ${quoted(code)}`
    }
    case 'add-event':
    case 'read-event': {
      // Only the descriptor leads to it: pidfd_getfd(2), which has this number on every architecture.
      const there = `ctypes.CDLL(None).syscall(438, os.pidfd_open(${step.pid}), ${step.fd}, 0)`
      const act = step.do === 'add-event' ? `os.write(${there}, b"\\1" + bytes(7))` : `os.read(${there}, 8)`
      return `python3 -c ${quoted(`import ctypes, os; ${act}`)}`
    }
    case 'remove':
      return `ipcrm -${step.object === 'queue' ? 'q' : 's'} ${step.id}`
    case 'send-signal':
      return `kill -${step.signal} ${step.pid}`
    case 'continue':
      return `kill -CONT ${step.pid}`
    case 'end-others':
      return kill(step.signal, step.pids)
    case 'end-itself':
      return kill(step.signal, [step.pid])
  }
}

function kill(signal: 'TERM' | 'KILL', pids: readonly number[]): string {
  return `kill ${signal === 'KILL' ? '-KILL ' : ''}${pids.join(' ')}`
}

function pythonSocket(type: string): string {
  const constant = { datagram: 'DGRAM', seqpacket: 'SEQPACKET' }[type] ?? 'STREAM'
  return `from socket import *; socket(AF_UNIX, SOCK_${constant})`
}

/** The address as a literal of JavaScript and of Python. */
function literal(address: UnixAddress): string {
  return JSON.stringify('path' in address ? address.path : address.abstract)
}

/** What a step does and what is lost, as whole sentences; those of a command begin behind it: `kill 12` terminates ... */
export function effectOf({ step, pid, blocker }: Advice): string[] {
  const who = named(pid)
  switch (step.do) {
    case 'wait':
      return [waiting(blocker, who)]
    case 'write':
      if (blocker?.kind === 'fifo-open')
        return ['opens the FIFO for writing and writes a line.', `${who} reads it.`]
      return blocker?.kind === 'terminal-emulator'
        ? [`prints a line on that terminal, and ${who} reads it.`]
        : [
            'writes a line.',
            `${who} reads it as if the real writer had sent it.`,
            ...(blocker?.kind === 'pipe' && !blocker.isWatched
              ? ['If it reads until end of file, it then blocks again.']
              : []),
          ]
    case 'read':
      return blocker?.kind === 'fifo-open'
        ? ['opens the FIFO for reading and prints what arrives.']
        : ['reads and discards what is in it.', 'Its real reader never receives those bytes.']
    case 'connect-tcp':
    case 'connect-unix':
      return ['connects and closes at once.', `${who} accepts a client that sends nothing.`]
    case 'send-udp':
    case 'send-unix':
      return ['sends the datagram hello.', `${who} receives it.`]
    case 'send-message':
    case 'send-system-v':
      return ['sends the message hello.', `${who} receives it.`]
    case 'receive-message':
    case 'receive-system-v':
      return ['receives one message and so makes room.', 'The real receiver never gets that message.']
    case 'add-system-v':
      return [
        step.added.every(({ change }) => change < 0)
          ? `takes from the semaphore until it is 0, so that the operation of ${who} succeeds.`
          : `adds to the semaphore, so that the operation of ${who} succeeds.`,
        'Other processes that use the set see the new value too.',
      ]
    case 'post-semaphore':
      return [
        `adds 1 to the semaphore, and ${who} takes it.`,
        'If another process waits for it too, that one may get it.',
      ]
    case 'add-event':
      return ['adds 1 to the counter.', `${who} reads it as if another thread had added it.`]
    case 'read-event':
      return ['reads the counter and so makes room.', 'Its real reader never receives that number.']
    case 'remove':
      return [
        `removes it for all its users: the call of ${who} fails with EIDRM.`,
        step.object === 'queue' ? 'The messages in it are lost.' : 'Other users of the set fail too.',
      ]
    case 'send-signal':
      return [`sends SIG${step.signal}, which ${who} waits for.`]
    case 'foreground':
      return [
        `Type \`fg\` in the shell that started ${who}: it needs the foreground of its terminal.`,
        `\`kill -CONT ${step.pid}\` does not help, since the terminal stops it again at once.`,
      ]
    case 'thaw':
      return ['thaws the cgroup: all its processes continue, and nothing is lost.']
    case 'continue':
      return [`sends SIGCONT: ${named(step.pid)} continues, and nothing is lost.`]
    case 'end-others':
      return [
        `terminates ${listed(step.pids.map(named))}.`,
        ...endingOthers(blocker, who),
        ...lost(step.pids, step.signal),
      ]
    case 'end-itself':
      return [`terminates ${who}.`, ...lost([step.pid], step.signal)]
  }
}

/** Why it is enough to wait: what the clock, a user or another process does. */
function waiting(blocker: Blocker | undefined, who: string): string {
  const wakers = blocker?.wakers ?? []
  const awaited = wakers.length > 0 ? listed(wakers.map(named), 2) : 'the peer'
  const does = (one: string, several: string) =>
    `${awaited} ${verb(Math.max(1, wakers.length), one, several)}`
  const until = (event: string) => `Wait: ${who} continues when ${event}. Nothing is lost.`
  if (blocker?.limit !== undefined) return until('its time limit is over')
  switch (blocker?.kind) {
    case 'timer':
      return blocker.time && 'left' in blocker.time
        ? `Wait: ${who} continues by itself in ${seconds(blocker.time.left)}.`
        : until('its sleep is over')
    case 'timerfd':
      return until('the timer expires')
    case 'eventfd':
      return until(`another thread or process ${blocker.access === 'reading' ? 'adds to it' : 'reads it'}`)
    case 'poll':
      return until(
        blocker.watched.every(({ mode }) => mode === 'edge')
          ? 'new data arrives'
          : 'one of those descriptors is ready',
      )
    case 'signal':
      return until('its time limit is over')
    case 'futex':
      if (blocker.isTimed) return until('its time limit is over')
      if (blocker.owner && !blocker.isPrivate) return until(does('unlocks it', 'unlock it'))
      if (blocker.semaphore !== undefined) return until('a process posts to the semaphore')
      return until(`another thread${blocker.isPrivate ? '' : ' or process'} wakes it up`)
    case 'child':
      return until(
        wakers.length === 1
          ? `${awaited} exits`
          : blocker.needsAll
            ? 'all its children have exited'
            : 'one of its children exits',
      )
    case 'pipe':
      return until(
        blocker.access === 'reading'
          ? `${does('writes', 'write')}, or ${verb(wakers, 'closes', 'all close')} the write end`
          : does('reads', 'read'),
      )
    case 'file-lock':
      return until(does('unlocks the file', 'unlock the file'))
    case 'file':
      return until(does('answers', 'answer'))
    case 'pidfd':
      return until(does('exits', 'exit'))
    case 'tcp-connection':
      if (blocker.full)
        return `Wait: connect(2) tries again, and succeeds when ${does('has', 'have')} accepted an earlier connection.`
      if (blocker.wanted === 'connection') return 'Wait: without an answer, connect(2) fails with ETIMEDOUT.'
      return until(blocker.wanted === 'input' ? does('sends', 'send') : does('reads', 'read'))
    case 'udp-socket':
      return until(does('sends', 'send'))
    case 'unix-connection':
      return until(blocker.access === 'reading' ? does('sends', 'send') : does('reads', 'read'))
    case 'unix-connect':
      return until(does('accepts a connection', 'accept a connection'))
    case 'lease':
      return until('that process gives back the lease, or the kernel takes it')
    case 'lingering':
      return until('the peer has received all, or the time of SO_LINGER is over')
    case 'descriptor-changed':
      return until(wakers.length > 0 ? does('sends', 'send') : 'the other end writes or closes')
    case 'terminal':
      if (wakers.length > 0)
        return until(blocker.access === 'reading' ? does('sends input', 'send input') : does('reads', 'read'))
      return blocker.access === 'reading'
        ? `At ${blocker.target}, type a line and press Enter. Ctrl-D on an empty line is end of file.`
        : `At ${blocker.target}, press Ctrl-Q: it continues output that Ctrl-S stopped.`
    case 'traced':
      return 'In the debugger, type `continue`, or `detach` to end the tracing. Nothing is lost.'
    case 'zombie':
      return 'Wait: a zombie uses no CPU and no memory, only its entry in the process table.'
    default:
      return `Wait: ${who} may continue by itself.`
  }
}

/** What happens to the process that waits when the others are terminated. */
function endingOthers(blocker: Blocker | undefined, who: string): string[] {
  switch (blocker?.kind) {
    case 'pipe':
      return [`When the last writer has exited, ${who} reads end of file.`]
    case 'tcp-connection':
      return [
        {
          input: `The connection is closed, and the call of ${who} returns.`,
          output: `The call of ${who} fails.`,
          connection: `The next attempt of connect(2) is refused.`,
        }[blocker.wanted],
        'Bytes in flight are lost.',
      ]
    case 'unix-connection':
      return [`The connection is closed, and the call of ${who} returns.`, 'Bytes in flight are lost.']
    case 'unix-connect':
      return [`The listener is closed, and the call of ${who} fails.`]
    case 'futex':
      return [`The mutex is robust: ${who} then gets the lock, with EOWNERDEAD.`]
    case 'lease':
      return [`${who} then opens the file.`]
    case 'lingering':
    case 'descriptor-changed':
      return [`The connection is closed, and the call of ${who} returns.`, 'Bytes in flight are lost.']
    case 'file-lock':
      return ['The kernel then releases its locks.']
    case 'child':
      return [
        `${who} then ${blocker.untilExec || blocker.needsAll ? 'continues' : 'reaps it and continues'}.`,
      ]
    case 'file':
      return [`The file system is then no longer served, and the call of ${who} fails.`]
    case 'pidfd':
      return [`${who} then continues.`]
    case 'zombie':
      return ['The zombie is adopted and reaped.']
    case 'traced':
      return [`The kernel then detaches ${who}, which continues unless PTRACE_O_EXITKILL is set.`]
    default:
      return []
  }
}

/** What is lost with processes that are terminated. */
function lost(pids: readonly number[], signal: 'TERM' | 'KILL'): string[] {
  const family = readFamily()
  const children = pids
    .flatMap((pid) => family.children(pid))
    .filter((child) => !pids.includes(child) && readStat(child)?.state !== 'Z').length
  const sentence = `Data that ${listed(pids.map(named), 2)} ${verb(pids, 'has', 'have')} not saved is lost`
  const orphans =
    children === 0
      ? ''
      : `, and ${counted(children, 'child', 'children')} ${children === 1 ? 'becomes an orphan' : 'become orphans'}`
  return [`${sentence}${orphans}.`, ...(signal === 'KILL' ? ['SIGKILL allows no clean-up.'] : [])]
}

/** Why no milder step is known than to terminate the process itself. */
export function reasonToEnd(blocker: Blocker | undefined): string | undefined {
  if (blocker?.kind === 'futex' && blocker.owner?.isDead) return 'No thread will unlock it.'
  if (blocker?.kind === 'futex' && (blocker.isPrivate || blocker.joined !== undefined))
    return 'No other process can wake it up.'
  if (blocker?.kind === 'fifo-lost') return 'No command can open a FIFO without a name.'
  const waits = blocker?.steps.some((step) => step.do === 'wait') ?? false
  return waits ? undefined : 'osdemo knows no milder command.'
}
