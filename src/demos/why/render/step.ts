/** A step as a command to type in another terminal, and what it does. */
import { quoted } from '../../../shell-quote.js'
import type { Blocker } from '../../../why/blocker.js'
import type { Step, UnixAddress } from '../../../why/step.js'
import { named } from './words.js'

export function commandOf(step: Step): string {
  switch (step.do) {
    case 'write':
      return `echo hello > ${quoted(step.path)}`
    case 'read':
      return step.bytes === undefined
        ? `cat ${quoted(step.path)}`
        : `head -c ${step.bytes} ${quoted(step.path)} > /dev/null`
    case 'connect-tcp':
      return `node -e ${quoted(`net.connect(${step.port}, "${step.host}").end()`)}`
    case 'send-udp': {
      const family = step.host.includes(':') ? 'udp6' : 'udp4'
      const send = `s.send("hello", ${step.port}, "${step.host}", () => s.close())`
      return `node -e ${quoted(`const s = dgram.createSocket("${family}"); ${send}`)}`
    }
    case 'connect-unix': {
      const address = literal(step.address)
      // Node connects to streams only; to addresses in no file system it does so in newer versions alone.
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

/** What a command does, behind `It`: of one that merely ends the process itself, undefined. */
export function effectOf(step: Step, blocker: Blocker | undefined): string | undefined {
  switch (step.do) {
    case 'write':
      if (blocker?.kind === 'fifo-open') return 'opens the FIFO for writing, and writes a line'
      return blocker?.kind === 'terminal-emulator'
        ? 'prints a line on that terminal'
        : 'writes a line into it'
    case 'read':
      return blocker?.kind === 'fifo-open'
        ? 'opens the FIFO for reading, and prints what comes'
        : 'takes out what is in it, which its reader then misses'
    case 'connect-tcp':
    case 'connect-unix':
      return 'connects, and closes the connection at once'
    case 'send-udp':
    case 'send-unix':
    case 'send-message':
      return 'sends a message'
    case 'receive-message':
      return 'takes one message out of the queue'
    case 'remove':
      return 'removes it for all that use it; the call then fails with EIDRM'
    case 'send-signal':
      return `sends SIG${step.signal}`
    case 'continue':
      return `continues ${named(step.pid)}`
    case 'end-others':
      return endingOthers(blocker)
    case 'end-itself':
      return undefined
  }
}

/** What it means to end those that a thread waits for. */
function endingOthers(blocker: Blocker | undefined): string {
  switch (blocker?.kind) {
    case 'tcp-connection':
      return {
        input: 'ends the process that should send, and the connection with it: the call then returns',
        output: 'ends the process that should read: the call then fails',
        connection: 'ends the process that listens there: the call then fails when it tries again',
      }[blocker.wanted]
    case 'unix-connection': {
      const role = blocker.access === 'reading' ? 'send' : 'read'
      return `ends the process that should ${role}, and the connection with it`
    }
    case 'unix-connect':
      return 'ends the process that listens there; the call then fails'
    case 'file-lock':
      return 'ends the process that holds the lock, and the lock with it'
    case 'child':
      return 'ends the child, and so the wait for it'
    case 'zombie':
      return 'ends the parent; the process that adopts the zombie then reaps it'
    case 'traced':
      return 'ends the debugger, which lets go of what it was attached to'
    default:
      return 'ends what it waits for'
  }
}

/** Why nothing better is known than to end the process itself. */
export function reasonToEnd(blocker: Blocker | undefined): string {
  switch (blocker?.kind) {
    case 'timer':
      return 'It continues by itself when that time has come.'
    case 'signal':
      return `It continues when such a signal arrives${blocker.isTimed ? ', or when the time is up' : ''}.`
    case 'terminal':
      return `It continues by what is typed at ${blocker.target}.`
    case 'futex':
      return 'No other process can release what lies in its memory.'
    default:
      return 'No command is known that lets it continue.'
  }
}
