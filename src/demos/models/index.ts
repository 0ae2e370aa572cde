/** The two models of interprocess communication, on the same messages: message passing, and shared memory. */
import type { ModelSideConfig } from '../../actors/model-side.js'
import { Unavailable } from '../../errors.js'
import { numberIn } from '../../events.js'
import type { SharedMemory } from '../../ipc/shared-memory.js'
import { layRing, ringBytes } from '../../ipc/shared-ring/layout.js'
import { attachSegment } from '../../ipc/sysv-shm.js'
import { type IoCounts, startIoCount } from '../../proc/io.js'
import type { ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted, thousands } from '../../text.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'
import { toldNumber } from '../shared/told-number.js'
import { makePrivateSegment, requireSegments, showSegment } from '../shm/segment.js'

const messages = 1000

/** Bytes of each message. */
const size = 64

const bytes = messages * size

/** Bytes that each channel holds: the capacity of a FIFO, and of the ring buffer. */
const capacity = 65_536

export const models: Demo = async (stage) => {
  requireProc('models')
  requireSegments('models')
  requireIoCounts()
  stage.note(
    'Processes communicate by message passing or by shared memory. ' +
      `Watch what the kernel does for the same ${counted(messages, 'message')} in each model.`,
    'opening',
  )
  // Both are created before anything is claimed, because a machine may lack one of them.
  const [path, ring] = [await makePrivateFifo(stage, 'models'), makeRing(stage)]
  stage.note(
    `Message passing: a sender calls write(2) for each message of ${size} bytes, and a receiver calls read(2).`,
  )
  const passing = await play(stage, ['sender', 'receiver'], path)
  claimPassing(stage, passing)
  stage.note('Shared memory: both attach a segment, where the sender stores messages in a ring buffer.')
  const sharing = await play(stage, ['producer', 'consumer'], ring)
  claimSharing(stage, sharing)
  claimArrived(stage, 'message passing', passing)
  claimArrived(stage, 'shared memory', sharing)
  stage.note(
    'Message passing is simple: the kernel copies each message, keeps the order, and lets a process wait. ' +
      'Shared memory avoids the copies, but then the processes need locks or atomic operations.',
    'closing',
  )
  stage.note('Next: `osdemo shm race` shows what happens without them.', 'next')
}

/** @throws Unavailable where the kernel does not count reads and writes */
export function requireIoCounts(): void {
  if (startIoCount()) return
  throw new Unavailable(
    'this kernel has no /proc/PID/io, which models needs',
    'Use a kernel that was built with CONFIG_TASK_IO_ACCOUNTING.',
  )
}

function makeRing(stage: Stage): SharedMemory {
  const length = ringBytes(capacity)
  const segment = makePrivateSegment(stage, length)
  // Never detached: the code of an aborted demo may still touch this memory, and would be killed by SIGSEGV.
  layRing(attachSegment(segment, length).memory, capacity)
  showSegment(stage, segment, `a ring buffer of ${thousands(capacity)} bytes`)
  return { segment, size: length }
}

/** What was counted for one model. */
interface Outcome {
  sender: IoCounts
  receiver: IoCounts
  /** Messages that arrived as they were sent. */
  unchanged: number
  /** Calls of futex(2), of both sides. */
  futexCalls: number
}

/** Lets a sender and a receiver process, with these names, pass the messages through a channel. */
async function play(
  stage: Stage,
  [one, other]: [string, string],
  channel: ModelSideConfig['channel'],
): Promise<Outcome> {
  const enter = (side: ModelSideConfig['side'], name: string) =>
    stage.start({ program: 'model-side', name, config: { side, channel, messages, size } })
  const both = await Promise.all([enter('sender', one), enter('receiver', other)])
  const [sender, receiver] = both
  await Promise.all(both.map((actor) => actor.until('call', ({ phase }) => phase === 'end')))
  for (const actor of both) actor.tell('begin')
  await Promise.all(both.map(({ ended }) => ended))
  const unchanged = await receiver.until('note')
  return {
    sender: await countsOf(sender),
    receiver: await countsOf(receiver),
    unchanged: numberIn(unchanged.data, 'unchanged') ?? 0,
    futexCalls:
      typeof channel === 'object' ? (await futexCallsOf(sender)) + (await futexCallsOf(receiver)) : 0,
  }
}

async function countsOf(actor: ActorOf<'model-side'>): Promise<IoCounts> {
  const source = `/proc/${actor.id}/task/${actor.id}/io`
  const count = (name: keyof IoCounts) => toldNumber(actor, { name, source })
  return {
    reads: await count('reads'),
    bytesRead: await count('bytesRead'),
    writes: await count('writes'),
    bytesWritten: await count('bytesWritten'),
  }
}

function futexCallsOf(actor: ActorOf<'model-side'>): Promise<number> {
  return toldNumber(actor, { name: 'calls', source: 'futex(2)' })
}

function claimPassing(stage: Stage, { sender, receiver }: Outcome): void {
  stage.claim(
    'models/passing-needs-calls-for-each-message',
    `Message passing needs system calls for each message: ${thousands(sender.writes)} write(2), ${thousands(receiver.reads)} read(2).`,
    // The last read(2) returns end of file. Node itself may call either of them now and then, to wake its event loop.
    sender.writes >= messages && receiver.reads >= messages + 1,
  )
  stage.claim(
    'models/passing-copies-through-the-kernel',
    `The kernel copies each message twice: ${thousands(sender.bytesWritten)} bytes in, ${thousands(receiver.bytesRead)} bytes out.`,
    [sender.bytesWritten, receiver.bytesRead].every((count) => count >= bytes && count < bytes + size),
  )
}

function claimSharing(stage: Stage, sharing: Outcome): void {
  const shared = bytesThroughKernel(sharing)
  stage.claim(
    'models/sharing-bypasses-the-kernel',
    `Shared memory passes no message through the kernel: read(2) and write(2) moved ${counted(shared, 'byte')}.`,
    // Fewer than the bytes of one message, so no message can be among them.
    shared < size,
  )
  stage.note(
    `Producer and consumer called futex(2) ${counted(sharing.futexCalls, 'time')}, only to sleep and to wake each other.`,
  )
  if (shared > 0)
    stage.note('Node itself reads or writes a few bytes now and then. One message has more.', 'aside')
}

/** Bytes of all read(2) and write(2) of both sides. */
function bytesThroughKernel({ sender, receiver }: Outcome): number {
  return sender.bytesRead + sender.bytesWritten + receiver.bytesRead + receiver.bytesWritten
}

/** What the receiver found, as a row of the table in which the models are side by side. */
function claimArrived(stage: Stage, model: string, outcome: Outcome): void {
  const { sender, receiver, unchanged, futexCalls } = outcome
  stage.claim(
    'models/messages-arrive-as-sent',
    `Both models carry the same messages. By ${model}, ${thousands(unchanged)} of ${thousands(messages)} arrived as they were sent.`,
    unchanged === messages,
    {
      table: `${counted(messages, 'message')} of ${size} bytes`,
      cells: {
        model,
        arrived: thousands(unchanged),
        'write(2)': thousands(sender.writes),
        'read(2)': thousands(receiver.reads),
        'futex(2)': thousands(futexCalls),
        'kernel copies': counted(sender.bytesWritten + receiver.bytesRead, 'byte'),
      },
    },
  )
}
