/** Ends of Node's own channels: postMessage between threads, and the messages between a process and its child. */
import type { ChildProcess } from 'node:child_process'
import type { MessagePort } from 'node:worker_threads'
import type { End, OpenChannel } from './end.js'

/** A channel whose messages come by the event loop. */
function byEventLoop(send: (message: Uint8Array) => void) {
  const waiting: Uint8Array[] = []
  let wake = () => {}
  return {
    arrive(message: Uint8Array) {
      waiting.push(message)
      wake()
    },
    end(size: number): End {
      const [out, into] = [Buffer.alloc(size), Buffer.alloc(size)]
      const take = (arrived: () => void) => {
        const message = waiting.shift()
        if (message) into.set(message)
        arrived()
        return 1
      }
      return {
        out,
        into,
        send: () => send(out),
        receive(arrived) {
          if (waiting.length > 0) return take(arrived)
          return new Promise<void>((resolve) => {
            wake = resolve
          }).then(() => take(arrived))
        },
      }
    },
  }
}

/** postMessage: a copy of the bytes goes to another thread. */
export function portMessages(port: MessagePort): OpenChannel {
  const { end, arrive } = byEventLoop((message) => port.postMessage(message))
  port.on('message', arrive)
  return { end, close: () => port.close() }
}

/** A child process that this side has started, and that plays the other side. */
export interface ChildMessages {
  pid: number
  /** Passes it a task. @returns what it reports at the end of the round */
  play(task: object): Promise<unknown>
}

/** process.send: bytes go to a child process, serialized, through a socket pair that Node makes. */
export async function childMessages(): Promise<OpenChannel> {
  // Loaded here and not above: no other channel needs it.
  const { fork } = await import('node:child_process')
  const child: ChildProcess = fork(process.argv[1] ?? '', {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const { end, arrive } = byEventLoop((message) => void child.send(message))
  let report: (result: unknown) => void = () => {}
  child.on('message', (message) => (message instanceof Uint8Array ? arrive(message) : report(message)))
  return {
    end,
    child: {
      // Without a pid, `fork` has reported an error.
      pid: child.pid ?? 0,
      play(task) {
        child.send(task)
        return new Promise((resolve) => {
          report = resolve
        })
      },
    },
    close: () => child.disconnect(),
  }
}

/** The other side: plays each task that its parent passes it, until the parent disconnects. */
export function playForParent(play: (channel: OpenChannel, task: unknown) => Promise<unknown>): void {
  const { end, arrive } = byEventLoop((message) => void process.send?.(message))
  process.on('message', (message) => {
    if (message instanceof Uint8Array) arrive(message)
    else void play({ end }, message).then((result) => process.send?.(result))
  })
}
