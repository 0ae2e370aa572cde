/** How UDP loses datagrams: C programs send and receive, because Node receives at once and gives a receiver no time to be late. */
import { constants } from 'node:os'
import { udpCount } from '../../proc/net-counters.js'
import { readUdpTable, type UdpRow } from '../../proc/net-tcp.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { requireLoopback } from './require-loopback.js'
import { type SocketProcess, startSocketProcess } from './socket-program.js'
import { isAt } from './tcp-rows.js'

const { ECONNREFUSED, EAGAIN } = constants.errno

/** How many datagrams are sent to a receiver that does not read, and their length in bytes. */
const flood = { count: 50, bytes: 100 }

/** Bytes for SO_RCVBUF, far too few for all these datagrams. */
const smallBuffer = 4096

/** For TCP: what is sent, and for SO_SNDBUF and SO_RCVBUF. The two buffers cannot take everything. */
const stream = { bytes: 1024 * 1024, buffers: 64 * 1024 }

/** How long the kernel may take for a datagram or its answer, in milliseconds. */
const patience = 10_000

interface Parties {
  sender: SocketProcess
  receiver: SocketProcess
}

export const socketUdp: Demo = async (stage) => {
  requireProc('socket udp')
  requireLoopback('socket udp')
  stage.note(
    'UDP sends datagrams, and does not repeat a lost one. ' +
      'Watch which ones the kernel drops, and what the sender learns about it.',
    'opening',
  )
  const parties = {
    receiver: await startSocketProcess(stage, 'receiver', 'inet-sockets'),
    sender: await startSocketProcess(stage, 'sender', 'inet-sockets'),
  }
  const to = (await parties.receiver.call('udp')).value
  const from = (await parties.sender.call('udp')).value
  const size = (await parties.receiver.call(`buffers ${to} ${smallBuffer}`)).value
  const port = (await parties.receiver.call(`bind ${to} 0`)).value
  await showBoundaries(stage, parties, { from, to, port })
  await showRefusal(stage, parties)
  await showLoss(stage, parties, { from, to, port, size })
  await showStream(stage, parties)
  for (const party of [parties.sender, parties.receiver]) await party.exit()
  stage.note(
    'A program that uses UDP numbers its datagrams, and sends again those that got no answer. ' +
      'TCP does this in the kernel.',
    'closing',
  )
  stage.note('Next: `osdemo socket listen` shows how a TCP connection begins and ends.', 'next')
}

/** The descriptors of the two sockets, and the port of the receiver. */
interface Channel {
  from: number
  to: number
  port: number
}

async function showBoundaries(
  stage: Stage,
  { sender, receiver }: Parties,
  { from, to, port }: Channel,
): Promise<void> {
  const send = async (bytes: number) => (await sender.call(`sendto ${from} ${port} ${bytes} 1`)).errno === 0
  const receive = async (bytes: number) => (await receiver.call(`recv ${to} ${bytes}`)).value
  const sizes = [10, 0, 200]
  for (const bytes of sizes) await send(bytes)
  const got: number[] = []
  for (const _ of sizes) got.push(await receive(2000))
  stage.evidence(`recv(2) of pid ${receiver.id}`, got.join(', '), `bytes; sent were ${sizes.join(', ')}`, {
    data: { sent: sizes, received: got },
  })
  stage.claim(
    'udp/datagrams-keep-their-boundaries',
    'recv(2) returns one datagram, and never a part of the next. An empty one is no end of file.',
    got.join() === sizes.join(),
  )
  await send(200)
  await send(8)
  const cut = [await receive(50), await receive(50)]
  stage.evidence(`recv(2) of pid ${receiver.id}`, cut.join(', '), 'into 50 bytes; sent were 200, 8', {
    data: { sent: [200, 8], received: cut },
  })
  stage.claim(
    'udp/short-receive-loses-the-rest',
    'What recv(2) has no room for is lost: the next call returns the next datagram.',
    cut.join() === '50,8',
  )
}

/** Datagrams to a port without a socket. The kernel answers with ICMP. */
async function showRefusal(stage: Stage, { sender, receiver }: Parties): Promise<void> {
  const gone = (await receiver.call('udp')).value
  const port = (await receiver.call(`bind ${gone} 0`)).value
  await receiver.call(`close ${gone}`)
  stage.note(`No socket has port ${port}: the receiver has closed it.`)
  const fd = (await sender.call('udp')).value
  const before = udpCount('NoPorts') ?? 0
  const first = await sender.call(`sendto ${fd} ${port} 10 1`)
  // The answer arrives after the datagram is counted here.
  await stage.poll(() => (udpCount('NoPorts') ?? 0) > before, patience)
  const heard = await sender.call(`empty ${fd}`)
  const second = await sender.call(`sendto ${fd} ${port} 10 1`)
  const counted = (udpCount('NoPorts') ?? 0) - before
  stage.evidence('/proc/net/snmp', `Udp: NoPorts: ${counted} more`, 'datagrams to ports without a socket', {
    data: { noPorts: counted },
  })
  stage.claim(
    'udp/unconnected-sender-learns-nothing',
    'Without connect(2), no call of the sender fails: it does not learn that no socket has the port.',
    counted > 0 && [first, heard, second].every(({ errno }) => errno === 0),
  )
  await sender.call(`connect ${fd} ${port}`)
  const sent = await sender.call(`send ${fd} 10`)
  const { errno } = await sender.call(`recv ${fd} 10`)
  await sender.call(`close ${fd}`)
  stage.evidence(`recv(2) of pid ${sender.id}`, errnoName(errno), 'after connect(2) and send(2)', {
    data: { errno },
  })
  stage.claim(
    'udp/connected-sender-is-refused',
    'After connect(2), the kernel reports the answer: send(2) succeeds, and the next call fails with ECONNREFUSED.',
    sent.errno === 0 && errno === ECONNREFUSED,
  )
}

function errnoName(errno: number): string {
  return { [ECONNREFUSED]: 'ECONNREFUSED', [EAGAIN]: 'EAGAIN' }[errno] ?? `errno ${errno}`
}

/** A receiver that does not read while datagrams arrive. */
async function showLoss(
  stage: Stage,
  { sender, receiver }: Parties,
  { from, to, port, size }: Channel & { size: number },
): Promise<void> {
  stage.evidence(
    'getsockopt(2)',
    `SO_RCVBUF: ${size}`,
    `asked for ${smallBuffer}; the kernel sets twice as much, for its own data`,
    {
      data: { asked: smallBuffer, size },
    },
  )
  const { count, bytes } = flood
  const errors = udpCount('RcvbufErrors') ?? 0
  stage.note(`The sender sends ${count} datagrams of ${bytes} bytes. The receiver does not read.`)
  const sent = (await sender.call(`sendto ${from} ${port} ${bytes} ${count}`)).value
  stage.evidence(`sendto(2) of pid ${sender.id}`, `${sent} times ${bytes}`, `of ${count} calls`, {
    data: { bytes, complete: sent },
  })
  const kept = await empty(stage, receiver, to, port, sent)
  const row = rowAt(port)
  const drops = row?.drops ?? 0
  const overflows = (udpCount('RcvbufErrors') ?? 0) - errors
  stage.evidence('/proc/net/udp', `drops: ${drops}`, "the receiver's socket, now empty", {
    data: { port, inode: row?.inode ?? 0, drops },
  })
  stage.evidence('/proc/net/snmp', `Udp: RcvbufErrors: ${overflows} more`, 'for every socket', {
    data: { overflows },
  })
  stage.claim(
    'udp/full-buffer-drops-datagrams',
    `The kernel counts what it drops: ${sent} sent are ${kept.count} received and ${drops} dropped.`,
    drops > 0 && sent === kept.count + drops && overflows >= drops,
  )
  stage.claim(
    'udp/sender-is-not-told-of-loss',
    'The sender does not learn of it: each call of sendto(2) returned the number of all its bytes.',
    drops > 0 && sent === count,
  )
  stage.claim(
    'udp/full-buffer-keeps-the-first',
    'Datagrams that have arrived stay in the buffer: those that come later are dropped.',
    drops > 0 && kept.first === 0 && kept.last === kept.count - 1,
  )
}

/** The receiver's socket as the kernel lists it. */
function rowAt(port: number): UdpRow | undefined {
  return readUdpTable().find(({ local }) => isAt(local, port))
}

/** Shows how full the receive buffer is, and has the receiver empty it. */
async function empty(stage: Stage, receiver: SocketProcess, fd: number, port: number, sent: number) {
  const queue = rowAt(port)?.rxQueue ?? 0
  stage.evidence(
    '/proc/net/udp',
    `rx_queue: ${queue}`,
    'bytes of the buffer that datagrams take, with data of the kernel',
    {
      data: { queue },
    },
  )
  stage.note('The receiver reads until no datagram is left.')
  const kept = { count: 0, first: -1, last: -1 }
  // On a busy machine some datagrams may still be on their way at first.
  for (let tries = 0; tries < 100 && kept.count + (rowAt(port)?.drops ?? 0) < sent; tries++) {
    const { value, more } = await receiver.call(`empty ${fd}`)
    const [first = -1, last = -1] = more.split(' ').map(Number)
    if (value <= 0) continue
    if (kept.count === 0) kept.first = first
    kept.last = last
    kept.count += value
  }
  stage.evidence(
    `recv(2) of pid ${receiver.id}`,
    `${kept.count} datagrams`,
    `number ${kept.first} to ${kept.last}`,
    {
      data: { received: kept.count, first: kept.first, last: kept.last },
    },
  )
  return kept
}

/** The same with TCP: the sender waits. */
async function showStream(stage: Stage, { sender, receiver }: Parties): Promise<void> {
  const { bytes, buffers } = stream
  const listener = (await receiver.call('tcp')).value
  await receiver.call(`buffers ${listener} ${buffers}`)
  const port = (await receiver.call(`bind ${listener} 0`)).value
  await receiver.call(`listen ${listener} 1`)
  const from = (await sender.call('tcp')).value
  await sender.call(`buffers ${from} ${buffers}`)
  await sender.call(`connect ${from} ${port}`)
  const to = (await receiver.call(`accept ${listener}`)).value
  stage.note(`The same with TCP: the sender sends ${bytes} bytes, and the receiver does not read.`)
  const sending = sender.begin(`send ${from} ${bytes}`)
  await seeWait(stage, {
    pid: sender.id,
    calls: ['sendto'],
    hasReturned: sending.hasReturned,
    id: 'udp/tcp-sender-waits',
    claim: 'A TCP sender is blocked in send(2) while the buffers are full.',
  })
  const received = (await receiver.call(`recv ${to} ${bytes}`)).value
  const sent = (await sending.result).value
  stage.evidence('send(2), recv(2)', `${sent} and ${received} bytes`, 'after the receiver has read', {
    data: { sent, received },
  })
  stage.claim(
    'udp/tcp-loses-nothing',
    'TCP loses nothing: when the receiver reads, the sender continues, and every byte arrives.',
    sent === bytes && received === bytes,
  )
}
