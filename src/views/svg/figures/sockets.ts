/**
 * TCP sockets: above, the two processes with their sockets, the listener apart from the connection. Below, a line for each socket
 * with its states over time, and the frames between the two sockets of a connection.
 */
import type { Data, Event } from '../../../events.js'
import { counted, sumOf } from '../../../text.js'
import type { Held, Lane, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaim } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { drawStretched, stretch, stretched } from '../stretch.js'
import type { Scale } from '../timeline/scale.js'

/** What the kernel listed about a socket at a time. */
interface Seen {
  t: number
  local: number
  remote: number
  state: string
  inode: number
}

/** A connection: the socket of the server, and that of the client. */
interface Connection {
  from: number
  to: number
  client?: Lane
  /** The call that made it. */
  connect?: Held
  /** The address of the client, how the connection ended, and when the server noticed. */
  peer?: string
  how?: string
  ended?: number
}

interface Sockets {
  server: Lane
  host: string
  port: number
  listener: { from: number; to: number }
  connections: [Connection, ...Connection[]]
  seen: Seen[]
}

/** At most this many connections have lines of their own. */
const mostConnections = 2

const left = 250
const rowHeight = 38

export const drawSockets: Draw = (story) => {
  const sockets = socketsOf(story)
  if (!sockets) return undefined
  const claims = claimsOf(story, [
    'tcp/server-holds-listening-socket',
    'tcp/connection-is-a-pair-of-sockets',
    'tcp/client-gets-ephemeral-port',
    'tcp/fin-is-end-of-file',
    'tcp/first-to-close-stays-in-time-wait',
    'tcp/reset-is-an-error',
  ])
  const column = (box.right - box.left) / 2
  const rows = Math.ceil(claims.length / 2)
  const written = claims.map((claim, at) => {
    const place = { x: box.left + column * Math.floor(at / rows), y: 566 + (at % rows) * 42 }
    return writeClaim(story, claim, { ...place, width: column - 30, lines: 2 }).part
  })
  return {
    see: 'A connection is two sockets: each has the address of the other as its peer. The listener is one more socket.',
    parts: [...drawPair(story, sockets, 122), ...drawStates(story, sockets, 318), ...written],
    claims,
  }
}

function socketsOf({ steps, holds, end }: Story): Sockets | undefined {
  const seen = steps.flatMap(({ event }) => seenIn(event) ?? [])
  const bound = steps.find(
    ({ event }) => event.event === 'created' && event.kind === 'socket' && event.port !== undefined,
  )
  if (bound?.event.event !== 'created' || seen.length === 0) return undefined
  const { host = '', port = 0, id } = bound.event
  const server = bound.lane
  const removed = (name: string, from: number) =>
    steps.find(({ event }) => event.event === 'removed' && event.id === name && event.t >= from)?.event.t ??
    end
  const connects = holds.filter(({ first, lane }) => first.call === 'connect' && lane !== server)
  const connections = steps.flatMap(({ event, lane }, at): Connection | [] => {
    if (event.event !== 'created' || event.kind !== 'socket' || event.port !== undefined || lane !== server)
      return []
    const to = removed(event.id, event.t)
    const note = steps
      .slice(at)
      .find(
        (step) =>
          step.lane === server && step.event.t <= to && step.event.event === 'note' && endIn(step.event.data),
      )
    const told = note?.event.event === 'note' ? endIn(note.event.data) : undefined
    return { from: event.t, to, ...(note && told && { ...told, ended: note.event.t }) }
  })
  connections.forEach((one, at) => {
    const connect = connects[at]
    if (connect) Object.assign(one, { connect, client: connect.lane })
  })
  const [first, ...others] = connections
  if (!first) return undefined
  const listener = { from: bound.event.t, to: removed(id, bound.event.t) }
  return { server, host, port, listener, seen, connections: [first, ...others.slice(0, mostConnections - 1)] }
}

function seenIn(event: Event): Seen | undefined {
  if (event.event !== 'evidence' || !isRecord(event.data)) return undefined
  const { localPort, remotePort, state, inode } = event.data
  if (typeof localPort !== 'number' || typeof remotePort !== 'number') return undefined
  if (typeof state !== 'string' || typeof inode !== 'number') return undefined
  return { t: event.t, local: localPort, remote: remotePort, state, inode }
}

/** How a server says that a connection ended. */
function endIn(data: Data | undefined): { peer: string; how: string } | undefined {
  if (!isRecord(data)) return undefined
  const { peer, how } = data
  return typeof peer === 'string' && typeof how === 'string' ? { peer, how } : undefined
}

function isRecord(data: Data | undefined): data is Exclude<Data, number | unknown[]> {
  return typeof data === 'object' && !Array.isArray(data)
}

/** The two processes with their sockets, and what the first connection carried. */
function drawPair(story: Story, { server, host, port, seen, connections }: Sockets, top: number): string[] {
  const [{ client }] = connections
  const listening = seen.find(({ state, local }) => state === 'LISTEN' && local === port)
  const far = seen.find(({ local, state }) => local === port && state === 'ESTABLISHED')
  const near = seen.find(({ remote, state }) => remote === port && state === 'ESTABLISHED')
  const [width, height] = [360, 172]
  const right = box.right - width
  const process = (lane: Lane | undefined, x: number) => [
    element('rect', { x, y: top, width, height, rx: 8, class: 'band' }),
    textAt(x + 14, top + 24, fitted(lane?.name ?? 'client', 200, 16), 'name'),
    ...(lane ? [textAt(x + width - 14, top + 24, `pid ${lane.tid}`, 'small dim', 'end')] : []),
  ]
  const socket = (one: Seen | undefined, x: number, y: number, kind: string) => {
    if (!one) return ''
    const lines =
      one.remote === 0
        ? [`${host}:${one.local}`, `${one.state}, inode ${one.inode}`]
        : [`${host}:${one.local}, peer ${one.remote}`, `${one.state}, inode ${one.inode}`]
    return element(
      'g',
      when(story, one.t),
      element('rect', {
        x,
        y,
        width: width - 28,
        height: 58,
        rx: 6,
        class: `${kind} ${kind}-line`,
        'fill-opacity': 0.16,
      }) +
        lines
          .map((line, at) =>
            textAt(x + 12, y + 24 + at * 21, fitted(line, width - 48, 15), at === 0 ? '' : 'small dim'),
          )
          .join(''),
    )
  }
  return [
    ...process(client, box.left),
    ...process(server, right),
    socket(listening, right + 14, top + 38, 'three'),
    socket(far, right + 14, top + 104, 'two'),
    socket(near, box.left + 14, top + 104, 'one'),
    ...drawTraffic(story, connections[0], box.left + width - 14, right + 14, top + 133),
  ]
}

/** What the connection carried, above and below the line between its two sockets. */
function drawTraffic(story: Story, { client }: Connection, x1: number, x2: number, y: number): string[] {
  const there = story.arrows.filter(
    ({ from, to }) => (from?.lane ?? to?.lane) === client && client !== undefined,
  )
  const back = story.arrows.filter(({ from, to }) => to?.lane === client && from?.lane !== client)
  if (there.length === 0) return []
  const middle = (x1 + x2) / 2
  const sum = (arrows: typeof there) => arrows.reduce((total, { message }) => sumOf(total, message.bytes), 0)
  const about = (arrows: typeof there) =>
    `${counted(arrows.length, 'frame')}, ${counted(sum(arrows), 'byte')}`
  const t = there[0]?.from?.t ?? story.start
  const texts = there.slice(0, 3).map(({ message }) => message.text || counted(message.bytes, 'byte'))
  return [
    element(
      'g',
      when(story, t),
      [
        element('path', { d: `M${x1 + 6} ${y - 6}H${x2 - 14}`, class: 'arrow' }),
        element('path', { d: `M${x2 - 6} ${y - 6}l-9 -4v8z`, class: 'head' }),
        textAt(
          middle,
          y - 36,
          fitted(`${texts.join(', ')}${there.length > 3 ? ', …' : ''}`, x2 - x1 - 20, 14),
          'small',
          'middle',
        ),
        textAt(middle, y - 16, about(there), 'small dim', 'middle'),
        ...(back.length > 0
          ? [
              element('path', { d: `M${x2 - 6} ${y + 8}H${x1 + 14}`, class: 'arrow' }),
              element('path', { d: `M${x1 + 6} ${y + 8}l9 -4v8z`, class: 'head' }),
              textAt(middle, y + 27, `${about(back)} back`, 'small dim', 'middle'),
            ]
          : []),
      ].join(''),
    ),
  ]
}

/** A line for each socket. */
function drawStates(story: Story, sockets: Sockets, top: number): string[] {
  const { listener, connections, seen, port } = sockets
  const moments = [
    listener.from,
    listener.to,
    ...connections.flatMap(({ from, to, connect, ended }) => [
      from,
      to,
      ...(connect ? [connect.begin, connect.end] : []),
      ...(ended === undefined ? [] : [ended]),
    ]),
    ...seen.map(({ t }) => t),
    ...story.arrows
      .flatMap(({ from, to }) => [from?.t ?? listener.from, to?.t ?? listener.from])
      .slice(0, 24),
  ]
  const scale = stretch(moments, { from: left, to: box.right - 10 }, story.start)
  const y = (row: number) => top + 34 + row * rowHeight
  const foot = y(1 + connections.length * 2) - 16
  const listens = seen.filter(({ state, local }) => state === 'LISTEN' && local === port)
  return [
    ...drawStretched(scale, top + 6, foot),
    ...name('listener', `${sockets.host}:${port}`, y(0)),
    bar(story, scale, listener.from, listener.to, y(0), 'three', 'LISTEN'),
    ...listens.map(({ t }) => look(story, scale, t, y(0))),
    ...connections.flatMap((one, at) =>
      drawConnection(story, sockets, one, y(1 + at * 2), y(2 + at * 2), scale),
    ),
    element('rect', { x: box.left, y: foot + 2, width: 16, height: 13, rx: 2, class: 'held' }),
    textAt(box.left + 24, foot + 13, 'connect blocks', 'small dim'),
    textAt(box.right, foot + 13, `◆ listed in /proc/net/tcp at that time. ${stretched}`, 'small dim', 'end'),
  ]
}

function drawConnection(
  story: Story,
  { seen, port, server }: Sockets,
  { from, to, client, connect, peer, how, ended }: Connection,
  y1: number,
  y2: number,
  scale: Scale,
): string[] {
  const own = Number(peer?.split(':').at(-1))
  const mine = seen.filter(({ local, remote }) => local === own && remote === port)
  const theirs = seen.filter(({ local, remote }) => local === port && remote === own)
  const late = mine.find(({ state }) => state === 'TIME_WAIT')
  const opened = connect?.end ?? from
  const closed = Math.max(ended ?? to, opened)
  const frames = story.arrows.filter(({ from, to }) => [from?.lane, to?.lane].includes(client))
  const lines = frames.slice(0, 40).flatMap(({ from: sent, to: got }) => {
    if (!sent || !got) return []
    const [a, b] = sent.lane === server ? [y1 + 9, y2 - 9] : [y2 - 9, y1 + 9]
    const d = `M${scale.x(sent.t).toFixed(1)} ${a}L${scale.x(got.t).toFixed(1)} ${b}`
    return element('path', { d, class: 'arrow', 'stroke-opacity': 0.6, ...when(story, sent.t, got.t) })
  })
  const last = how === undefined ? '' : how === 'FIN' ? 'FIN' : 'RST'
  const x = scale.x(closed)
  const end = last
    ? element(
        'g',
        when(story, closed),
        element('path', {
          d: `M${x.toFixed(1)} ${y2 - 10}V${y1 + 10}`,
          class: last === 'FIN' ? 'arrow' : 'lost',
        }) + textAt(x - 6, (y1 + y2) / 2 + 5, last, last === 'FIN' ? 'small halo' : 'small bad halo', 'end'),
      )
    : ''
  return [
    ...lines,
    ...name(`${server.name || 'server'}`, `:${port}, peer ${peer ?? ''}`.replace(/peer .*:/, 'peer :'), y1),
    ...name(`${client?.name || 'client'}`, peer ?? '', y2),
    bar(story, scale, from, to, y1, 'two', 'ESTABLISHED'),
    ...(connect ? [bar(story, scale, connect.begin, connect.end, y2, 'held', 'connect')] : []),
    bar(story, scale, opened, closed, y2, 'one', 'ESTABLISHED'),
    ...(late ? [bar(story, scale, closed, story.end, y2, 'waiting', 'TIME_WAIT')] : []),
    ...theirs.map(({ t }) => look(story, scale, t, y1)),
    ...mine.map(({ t }) => look(story, scale, t, y2)),
    end,
  ]
}

function name(title: string, address: string, y: number): string[] {
  const room = left - box.left - 10
  return [
    textAt(box.left, y - 2, fitted(title, room, 15), ''),
    textAt(box.left, y + 14, fitted(address, room, 14), 'small dim'),
  ]
}

/** A state of a socket for a while. */
function bar(
  story: Story,
  scale: Scale,
  from: number,
  to: number,
  y: number,
  kind: string,
  label: string,
): string {
  const [x1, x2] = [scale.x(from), Math.max(scale.x(to), scale.x(from) + 3)]
  const isLine = kind === 'held' || kind === 'waiting'
  const shape = {
    ...{ x: x1, y: y - 9, width: x2 - x1, height: 18, rx: 3 },
    class: isLine ? kind : `${kind} ${kind}-line`,
    'fill-opacity': isLine ? undefined : 0.25,
    'stroke-dasharray': kind === 'waiting' ? '4 3' : undefined,
  }
  const text = widthOf(label, 14) < x2 - x1 - 4 ? label : ''
  return element(
    'g',
    when(story, from, to),
    element('rect', shape) + textAt((x1 + x2) / 2, y + 5, text, 'small', 'middle'),
    label,
  )
}

/** A time at which the kernel listed the socket. */
function look(story: Story, scale: Scale, t: number, y: number): string {
  return element('path', {
    d: `M${scale.x(t).toFixed(1)} ${y + 5}l5 5l-5 5l-5 -5z`,
    class: 'kernel',
    ...when(story, t),
  })
}
