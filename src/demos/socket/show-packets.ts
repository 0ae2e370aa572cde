/** How many packets the kernel made of how many writes: in a stream, neither belongs to one of the other. */

import { type Data, numberIn } from '../../events.js'
import { type TcpCounts, tcpCounts } from '../../ipc/tcp-diag.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { counted, thousands } from '../../text.js'
import { listeningAddress } from './listening-address.js'

const host = '127.0.0.1'

/** More than the receiving socket takes while its process does not read, and more than one packet can have. */
const large = 256 * 1024

const small = { writes: 1000, bytes: 10 }

type Look = () => TcpCounts | undefined
type Writer = ActorOf<'stream-writer'>
type Reader = ActorOf<'stream-reader'>

export async function showPackets(stage: Stage): Promise<void> {
  const writer = await stage.start({ program: 'stream-writer', name: 'writer', config: { host } })
  const { port } = await listeningAddress(writer)
  const reader = await stage.start({ program: 'stream-reader', name: 'reader', config: { host, port } })
  const other = numberIn((await writer.until('note')).data, 'port') ?? 0
  const look = () => tcpCounts({ host, port }, { host, port: other })
  if (look()) {
    await sendMany(stage, writer, reader, look)
    await sendOne(stage, writer, reader, look)
  } else {
    stage.note('Not observed: how many packets the kernel makes. sock_diag(7) does not work here.', 'aside')
  }
  reader.tell('end')
  writer.tell('end')
  await reader.ended
  await writer.ended
}

/** Many small writes, behind bytes that the kernel cannot send yet: the reader does not read, so its socket takes no more. */
async function sendMany(stage: Stage, writer: Writer, reader: Reader, look: Look): Promise<void> {
  const bytes = large + small.writes * small.bytes
  stage.note(
    'The kernel sends the bytes of a connection in packets, and decides itself how many each contains.',
  )
  stage.note(
    `The reader does not read yet. The writer writes ${thousands(large)} bytes, ` +
      `and then ${thousands(small.writes)} times ${small.bytes} bytes.`,
  )
  writer.tell(`1 ${large}`)
  const first = await round(writer, 0)
  writer.tell(`${small.writes} ${small.bytes}`)
  const then = await round(writer, 1)
  const held = look()?.unsent ?? 0
  stage.evidence('tcp_info', `tcpi_notsent_bytes: ${held}`, 'written, and not sent yet', { data: held })
  reader.tell(`${bytes}`)
  const reads = numberIn(await round(reader, 0), 'reads') ?? 0
  const counts = showCounts(stage, [first, then], reads, look()?.packets ?? 0)
  if (counts === undefined) return
  if (held < small.writes * small.bytes) {
    stage.note(
      'Not observed: writes that share a packet. The socket of the reader took all bytes at once.',
      'aside',
    )
    return
  }
  stage.claim(
    'tcp/many-writes-share-packets',
    `Small writes may share a packet: the kernel made ${counted(counts.packets, 'packet')} ` +
      `of ${counted(counts.writes, 'write')}.`,
    counts.packets < small.writes,
  )
}

/** One write that is longer than any packet. */
async function sendOne(stage: Stage, writer: Writer, reader: Reader, look: Look): Promise<void> {
  const before = look()?.packets ?? 0
  reader.tell(`${large}`)
  writer.tell(`1 ${large}`)
  const written = await round(writer, 2)
  const reads = numberIn(await round(reader, 1), 'reads') ?? 0
  const counts = showCounts(stage, [written], reads, (look()?.packets ?? 0) - before)
  if (counts === undefined) return
  stage.claim(
    'tcp/one-write-becomes-several-packets',
    `A large write becomes several packets: the kernel made ${counted(counts.packets, 'packet')} of 1 write.`,
    counts.writes === 1 && counts.packets > 1,
  )
}

/** Shows how many writes, packets and reads there were. Undefined where the number of writes is unknown. */
function showCounts(stage: Stage, written: (Data | undefined)[], reads: number, packets: number) {
  const sum = (name: string) =>
    written.reduce((total: number, data) => total + (numberIn(data, name) ?? 0), 0)
  const writes = sum('writes')
  if (sum('refused') > 0) {
    stage.note(
      'Not observed: the writes. The kernel took only a part of one, as its buffers are small.',
      'aside',
    )
    return undefined
  }
  stage.evidence(
    'tcp_info',
    `tcpi_data_segs_out: ${packets}`,
    `packets of ${counted(writes, 'write')}, for ${counted(reads, 'read')}`,
    { data: { writes, packets, reads } },
  )
  return { writes, packets }
}

/** What an actor reports about one word of the demo. */
async function round(actor: Actor<never>, number: number): Promise<Data | undefined> {
  return (await actor.until('note', ({ data }) => numberIn(data, 'round') === number)).data
}
