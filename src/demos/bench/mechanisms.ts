/** The mechanisms that `osdemo bench` compares: how each connects two processes. */
import type { BenchSideConfig } from '../../actors/bench-side.js'
import {
  anonymousPipes,
  type Connection,
  openFifos,
  socketPair,
  tcpStream,
  udpDatagrams,
  unixDatagrams,
  unixStream,
} from '../../ipc/connected.js'
import { readQueueLimits } from '../../proc/mqueue.js'
import { removeFromFolder } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { makePrivateMessageQueue, requireMessageQueues } from '../queue/keyed-queue.js'
import { makePrivateQueue, requireQueues } from '../queue/posix-queue.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { freePath } from '../shared/private-file.js'

/** Two ends of a channel that exist, for the two sides that open them. */
interface Opened {
  channel: NonNullable<BenchSideConfig['channel']>
  /** The stdin and stdout of both sides. */
  connection?: Connection
  /** The longest message, in bytes. */
  longest?: number
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
  /** The receiver answers after so many bytes. Without this, messages would be lost. */
  window?: number
  /** Creates it for this run. @throws Unavailable or SystemCallError where this machine does not have it */
  open(stage: Stage): Opened | Promise<Opened>
}

/** A mechanism whose calls are read(2) and write(2) on descriptors. */
function descriptors(connection: Connection, longest?: number): Opened {
  return { channel: { kind: 'descriptors' }, connection, ...(longest !== undefined && { longest }) }
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
      return { channel: { kind: 'system v queue', id }, longest: Math.min(longest, bytes) }
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
        channel: { kind: 'posix queues', names, longest: shape.messageSize },
        longest: shape.messageSize,
      }
    },
  },
]
