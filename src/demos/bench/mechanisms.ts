/** The mechanisms that `osdemo bench` compares: how each connects two processes. */
import type { Channel } from '../../bench/end.js'
import { laySlots, ringCapacity, slotsBytes } from '../../bench/memory.js'
import {
  anonymousPipes,
  type Connection,
  eventCounters,
  openFifos,
  socketPair,
  tcpStream,
  udpDatagrams,
  unixDatagrams,
  unixStream,
} from '../../ipc/connected.js'
import { attachObject } from '../../ipc/posix-shm.js'
import { layRing, newRing, ringBytes } from '../../ipc/shared-ring/layout.js'
import { attachSegment } from '../../ipc/sysv-shm.js'
import { readQueueLimits } from '../../proc/mqueue.js'
import { removeFromFolder } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { makePrivateMessageQueue, requireMessageQueues } from '../queue/keyed-queue.js'
import { makePrivateQueue, requireQueues } from '../queue/posix-queue.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { freePath } from '../shared/private-file.js'
import { makePrivateObject, requireObjects } from '../shm/object.js'
import { makePrivateSegment, requireSegments } from '../shm/segment.js'

/** A channel that exists, as the sides that open its ends get it. */
interface Opened {
  /** One for each side, or one for the side that starts the other. */
  ends: [first: Channel, second?: Channel]
  /** The stdin and stdout of both sides. */
  connection?: Connection
  /** The longest message, in bytes. */
  longest?: number
  /** Both sides are threads of this process. */
  areThreads?: true
}

export interface Mechanism {
  /** As the user names it, and as the tables do. */
  name: string
  /** With its article, as the subject of a sentence. */
  title: string
  /** The receiver busy-waits: it needs a CPU of its own. */
  spins?: true
  /** Its calls go through koffi, because Node does not have them. */
  ffi?: true
  /** Every message has so many bytes, and each is taken before the next is sent. */
  bytes?: number
  /** Its calls are those of the C library, which decides whether it needs the kernel. */
  library?: true
  /** Its event loop makes calls that nothing counts. */
  eventLoop?: true
  /** The receiver answers after so many bytes. Without this, messages would be lost. */
  window?: number
  /** Creates it for this run. @throws Unavailable or SystemCallError where this machine does not have it */
  open(stage: Stage): Opened | Promise<Opened>
}

/** A mechanism whose calls are read(2) and write(2) on descriptors. */
function descriptors(connection: Connection, longest = Number.POSITIVE_INFINITY): Opened {
  return { ends: both({ kind: 'descriptors' }), connection, longest }
}

function both(channel: Channel): [Channel, Channel] {
  return [channel, channel]
}

/** Two ring buffers in System V shared memory. */
function segments(stage: Stage, spins: boolean): Opened {
  requireSegments('osdemo bench')
  const size = ringBytes(ringCapacity)
  const make = () => {
    const segment = makePrivateSegment(stage, size)
    // Never detached: the code of an aborted demo may still touch this memory, and would be killed by SIGSEGV.
    layRing(attachSegment(segment, size).memory, ringCapacity)
    return { segment, size }
  }
  return { ends: both({ kind: 'rings', there: make(), back: make(), spins }) }
}

/** Two ring buffers that threads share. */
function threadRings(spins: boolean): Opened {
  const [there, back] = [newRing(ringCapacity), newRing(ringCapacity)]
  return { ends: both({ kind: 'rings', there, back, spins }), areThreads: true }
}

/** Paths for sockets, which are removed at the end of the run. */
function socketPaths<const Names extends readonly string[]>(stage: Stage, names: Names) {
  return names.map((name) => {
    const path = freePath(name)
    stage.scope.defer(() => removeFromFolder(path))
    return path
  })
}

/** The longest UDP datagram: 65,535 bytes without the headers of IP and UDP. */
const longestUdp = 65_507

/** Less than the buffer of a socket holds on every machine, for each datagram counts with more than its bytes. */
const longestUnix = 128 * 1024

export const mechanisms: readonly Mechanism[] = [
  { name: 'pipe', title: 'An anonymous pipe', open: () => descriptors(anonymousPipes()) },
  {
    name: 'fifo',
    title: 'A FIFO',
    open: async (stage) =>
      descriptors(openFifos([await makePrivateFifo(stage, 'there'), await makePrivateFifo(stage, 'back')])),
  },
  { name: 'socketpair', title: 'A socket pair', open: () => descriptors(socketPair()) },
  {
    name: 'unix-stream',
    title: 'A Unix stream socket',
    open(stage) {
      const [path = ''] = socketPaths(stage, ['stream'])
      return descriptors(unixStream(path))
    },
  },
  {
    name: 'unix-datagram',
    title: 'A Unix datagram socket',
    open(stage) {
      const [one = '', other = ''] = socketPaths(stage, ['one', 'other'])
      return descriptors(unixDatagrams([one, other]), longestUnix)
    },
  },
  { name: 'tcp', title: 'A TCP connection', open: () => descriptors(tcpStream()) },
  {
    name: 'udp',
    title: 'A UDP socket',
    window: 65_536,
    open: () => descriptors(udpDatagrams(), longestUdp),
  },
  {
    name: 'sysv-queue',
    title: 'A System V queue',
    ffi: true,
    open(stage) {
      const { longest, bytes } = requireMessageQueues('bench sysv-queue')
      const { id } = makePrivateMessageQueue(stage)
      return { ends: both({ kind: 'system v queue', id }), longest: Math.min(longest, bytes) }
    },
  },
  {
    name: 'posix-queue',
    title: 'A POSIX queue',
    ffi: true,
    open(stage) {
      requireQueues('bench posix-queue')
      const { messageSize = 8192, capacity = 10 } = readQueueLimits() ?? {}
      const shape = { capacity: Math.min(10, capacity), messageSize: Math.min(8192, messageSize) }
      const make = (role: string) => makePrivateQueue(stage, shape, role).name
      const names: [string, string] = [make('there'), make('back')]
      return {
        ends: both({ kind: 'posix queues', names, longest: shape.messageSize }),
        longest: shape.messageSize,
      }
    },
  },
  {
    name: 'eventfd',
    title: 'A counter of eventfd(2)',
    bytes: 8,
    open: () => descriptors(eventCounters()),
  },
  {
    name: 'signal',
    title: 'A queued signal',
    bytes: 8,
    ffi: true,
    open: () => ({ ends: both({ kind: 'signals' }) }),
  },
  {
    name: 'posix-shm',
    title: 'POSIX shared memory with semaphores',
    ffi: true,
    library: true,
    open(stage) {
      requireObjects('osdemo bench')
      const object = makePrivateObject(stage, 'bench')
      laySlots(attachObject(object, slotsBytes, { room: slotsBytes }).address)
      return { ends: both({ kind: 'slots', object }) }
    },
  },
  {
    name: 'shm-ring',
    title: 'A ring in shared memory with futex(2)',
    ffi: true,
    open: (stage) => segments(stage, false),
  },
  {
    name: 'shm-ring-spin',
    title: 'A ring in shared memory with busy waiting',
    spins: true,
    open: (stage) => segments(stage, true),
  },
  {
    name: 'thread-ring',
    title: 'A ring of threads with Atomics.wait',
    open: () => threadRings(false),
  },
  {
    name: 'thread-ring-spin',
    title: 'A ring of threads with busy waiting',
    spins: true,
    open: () => threadRings(true),
  },
  {
    name: 'post-message',
    title: 'A message of postMessage',
    eventLoop: true,
    open() {
      const { port1, port2 } = new MessageChannel()
      return {
        ends: [
          { kind: 'port', port: port1 },
          { kind: 'port', port: port2 },
        ],
        areThreads: true,
      }
    },
  },
  {
    name: 'child-process',
    title: 'A message to a child process of Node',
    eventLoop: true,
    open: () => ({ ends: [{ kind: 'child' }] }),
  },
]
