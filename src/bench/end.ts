/** One end of a channel between two processes or threads: the calls that a benchmark measures, and nothing else. */
import { readSync, writeSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { DemoFailed } from '../errors.js'
import type { ObjectIdentity } from '../ipc/posix-shm.js'
import type { SharedMemory } from '../ipc/shared-memory.js'
import { rings, sharedSlots } from './memory.js'
import { type ChildMessages, childMessages, portMessages } from './messages.js'
import { posixQueues, systemVQueue } from './queues.js'
import { signals } from './signals.js'

/** One end, for messages of one size. Its buffers are allocated once. */
export interface End {
  /** The bytes that `send` sends. */
  readonly out: Uint8Array
  /** Where `receive` stores a message. */
  readonly into: Uint8Array
  send(): void
  /** Blocks or spins until a message has arrived. Calls `arrived` for each message. @returns their number */
  receive(arrived: () => void): number | Promise<number>
}

/** A channel, as a side gets it. Descriptors are the stdin and the stdout of the side. */
export type Channel =
  | { kind: 'descriptors' }
  | { kind: 'system v queue'; id: number }
  | { kind: 'posix queues'; names: [there: string, back: string]; longest: number }
  | { kind: 'rings'; there: SharedMemory; back: SharedMemory; spins: boolean }
  | { kind: 'slots'; object: ObjectIdentity & { name: string } }
  | { kind: 'signals' }
  | { kind: 'port'; port: MessagePort }
  | { kind: 'child' }

/** Makes ends for messages of any size. */
export interface OpenChannel {
  /** @param peer the pid of the other side */
  end(size: number, peer: number): End
  /** How many calls it has made, where /proc/PID/io does not count them. */
  calls?(): number
  /** The other side, where this side has started it. */
  child?: ChildMessages
  close?(): void
}

/** @param begins whether this is the side that sends first */
export function openChannel(channel: Channel, begins: boolean): OpenChannel | Promise<OpenChannel> {
  switch (channel.kind) {
    case 'descriptors':
      return { end: descriptorEnd }
    case 'system v queue':
      return systemVQueue(channel.id, begins)
    case 'posix queues':
      return posixQueues(channel, begins)
    case 'rings':
      return rings(channel, begins)
    case 'slots':
      return sharedSlots(channel.object, begins)
    case 'signals':
      return signals()
    case 'port':
      return portMessages(channel.port)
    case 'child':
      return childMessages()
  }
}

/** read(2) and write(2), until the whole message has been passed on. */
function descriptorEnd(size: number): End {
  const [out, into] = [Buffer.alloc(size), Buffer.alloc(size)]
  return {
    out,
    into,
    send() {
      for (let done = 0; done < size; ) done += writeSync(1, out, done, size - done, null)
    },
    receive(arrived) {
      for (let done = 0; done < size; ) {
        const length = readSync(0, into, done, size - done, null)
        if (length === 0) throw new DemoFailed('the other process has closed its end')
        done += length
      }
      arrived()
      return 1
    },
  }
}
