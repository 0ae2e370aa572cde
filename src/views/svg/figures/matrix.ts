/**
 * All combinations of capacity, send and receive as small multiples: a panel for each, with the calls of both sides and the depth
 * of the queue between them. On the left the sender is faster, on the right the receiver.
 */
import { scaleLinear } from 'd3-scale'
import { area, curveStepAfter } from 'd3-shape'
import type { Data, Event } from '../../../events.js'
import { counted, duration, largest } from '../../../text.js'
import type { Claim, Story } from '../../story/index.js'
import { box, type Draw, when } from '../figure.js'
import { element, textAt } from '../parts.js'

/** A combination, and when its round was played. */
interface Round {
  /** Infinite: an unbounded queue. */
  capacity: number
  send: string
  receive: string
  first: 'sender' | 'receiver'
  /** The thread ids of the two processes. */
  sender: number
  receiver: number
  from: number
  to: number
}

/** A call that blocked, or that failed. */
interface Call {
  from: number
  to: number
  errno: string | undefined
}

const nameWidth = 176
const headHeight = 54
const footHeight = 36

/** Pixels in a panel: of the line of a process below its top, and between the line and the depth. */
const lineAt = 16
const depthHeight = 36

export const drawMatrix: Draw = (story) => {
  const all = [...story.steps.map(({ event }) => event), ...story.details].sort(
    (one, other) => one.t - other.t,
  )
  const rounds = all.flatMap((event) => roundOf(event) ?? [])
  const capacities = [...new Set(rounds.map(({ capacity }) => capacity))].sort((one, other) => one - other)
  const ways = [...new Set(rounds.map(({ send, receive }) => `${send} ${receive}`))]
  // One queue alone is no matrix.
  if (rounds.length < 8 || capacities.length > 3 || ways.length > 4) return undefined
  const columns = (['sender', 'receiver'] as const).flatMap((first) =>
    capacities.map((capacity) => ({ first, capacity })),
  )
  const width = (box.right - box.left - nameWidth) / columns.length
  const height = (box.bottom - box.top - headHeight - footHeight) / ways.length
  const left = (column: number) => box.left + nameWidth + column * width
  const top = (row: number) => box.top + headHeight + row * height
  const claims = claimsByRound(story)
  const panels = rounds.map((round) => {
    const row = ways.indexOf(`${round.send} ${round.receive}`)
    const column = columns.findIndex(
      ({ first, capacity }) => first === round.first && capacity === round.capacity,
    )
    const place = { x: left(column) + 8, y: top(row) + 6, width: width - 16, height: height - 12 }
    const claim = claims.get(keyOf(round.first, `${round.capacity}`, round.send, round.receive))
    return drawPanel(story, round, all, place, claim)
  })
  const heads = columns.map(({ capacity }, at) =>
    textAt(left(at) + width / 2, box.top + 42, capacityName(capacity), 'dim', 'middle'),
  )
  const groups = ['The sender is faster', 'The receiver is faster'].map((text, at) =>
    textAt(
      left(at * capacities.length) + (width * capacities.length) / 2,
      box.top + 20,
      text,
      'name',
      'middle',
    ),
  )
  const names = ways.flatMap((way, row) => {
    const [send = '', receive = ''] = way.split(' ')
    const y = top(row) + height / 2
    return [textAt(box.left, y - 4, `${send} send`, ''), textAt(box.left, y + 16, `${receive} receive`, '')]
  })
  const middle = left(capacities.length)
  return {
    see: 'In each box: the sender above, the receiver below, and the depth of the queue between them.',
    parts: [
      element('path', { d: `M${middle} ${box.top + 4}V${top(ways.length)}`, class: 'life' }),
      ...groups,
      ...heads,
      ...names,
      ...panels,
      ...drawKey(box.bottom - 6),
    ],
    claims: story.claims.filter(({ holds }) => holds),
  }
}

function capacityName(capacity: number): string {
  return Number.isFinite(capacity) ? `capacity ${capacity}` : 'unbounded'
}

function keyOf(...parts: string[]): string {
  return parts.join(' ').replace('Infinity', 'unbounded')
}

/** The claim about each combination: a row of the first table, or of the second. */
function claimsByRound({ steps, claims }: Story): Map<string, Claim> {
  const found = new Map<string, Claim>()
  const events = steps.flatMap(({ event }) => (event.event === 'claim' ? [event] : []))
  const tables = [...new Set(events.flatMap(({ row }) => row?.table ?? []))]
  events.forEach(({ row }, at) => {
    const claim = claims[at]
    if (!row || !claim) return
    const { capacity = '', send = '', receive = '' } = row.cells
    const first = tables.indexOf(row.table) === 0 ? 'sender' : 'receiver'
    found.set(keyOf(first, capacity, send, receive), claim)
  })
  return found
}

/** The round that a note sums up. */
function roundOf(event: Event): Round | undefined {
  if (event.event !== 'note' || !isRecord(event.data)) return undefined
  const { capacity, send, receive, first, sender, receiver, lasted } = event.data
  if (typeof send !== 'string' || typeof receive !== 'string') return undefined
  if (first !== 'sender' && first !== 'receiver') return undefined
  if (typeof sender !== 'number' || typeof receiver !== 'number' || typeof lasted !== 'number')
    return undefined
  if (typeof capacity !== 'number' && capacity !== null) return undefined
  const from = Math.max(event.t - Math.abs(lasted), 0)
  return {
    capacity: capacity ?? Number.POSITIVE_INFINITY,
    send,
    receive,
    first,
    sender,
    receiver,
    from,
    to: event.t,
  }
}

function isRecord(data: Data | undefined): data is { [name: string]: string | number | boolean | null } {
  return typeof data === 'object' && !Array.isArray(data)
}

interface Place {
  x: number
  y: number
  width: number
  height: number
}

function drawPanel(
  story: Story,
  round: Round,
  all: readonly Event[],
  place: Place,
  claim: Claim | undefined,
): string {
  const { x: left, y: top, width, height } = place
  const mine = all.filter(
    ({ t, tid }) => t >= round.from && t <= round.to && (tid === round.sender || tid === round.receiver),
  )
  const acts = mine.filter(({ event }) => event === 'call' || event === 'sent' || event === 'received')
  const start = acts.find((event) => event.event === 'call' && event.phase === 'begin')?.t ?? round.from
  const end = Math.max(
    acts.findLast((event) => !(event.event === 'call' && event.call === 'close'))?.t ?? start,
    start + 1,
  )
  const x = scaleLinear([start, end], [left + 4, left + width - 4]).clamp(true)
  const lines = { sender: top + lineAt, receiver: top + height - 32 }
  const foot = (lines.sender + lines.receiver + depthHeight) / 2
  const sides = (['sender', 'receiver'] as const).map((side) => {
    const calls = callsOf(mine, round[side])
    return {
      side,
      calls,
      waited: calls.reduce((sum, { from, to, errno }) => (errno ? sum : sum + to - from), 0),
    }
  })
  const drawn = sides.flatMap(({ side, calls }) => [
    element('path', { d: `M${left + 4} ${lines[side]}H${left + width - 4}`, class: 'life' }),
    ...calls.map((call) => drawCall(story, call, lines[side], x)),
  ])
  const frame = element('rect', { x: left, y: top, width, height: height - 22, rx: 4, class: 'band' })
  return [
    frame,
    ...drawDepth(story, mine, round.capacity, foot, x, end),
    ...mine.flatMap((event) => drawMessage(story, event, lines, foot, x)),
    ...drawn,
    drawOutcome(story, round, sides, mine, place, claim),
  ].join('')
}

/** The calls of a thread that had to wait, and those that failed. */
function callsOf(events: readonly Event[], tid: number): Call[] {
  const calls: Call[] = []
  let begin: number | undefined
  for (const event of events) {
    if (event.tid !== tid || event.event !== 'call') continue
    if (event.phase === 'begin') begin = event.t
    else if (begin !== undefined) {
      if (event.errno || event.waits) calls.push({ from: begin, to: event.t, errno: event.errno })
      begin = undefined
    }
  }
  return calls
}

function drawCall(story: Story, { from, to, errno }: Call, y: number, x: (t: number) => number): string {
  if (errno) {
    const d = `M${(x(to) - 4).toFixed(1)} ${y - 4}l8 8m0 -8l-8 8`
    return element('path', { d, class: 'lost', ...when(story, to) }, '', errno)
  }
  const width = Math.max(x(to) - x(from), 2)
  const shape = { x: x(from), y: y - 6, width, height: 12, rx: 2, class: 'held', ...when(story, from, to) }
  return element('rect', shape, '', `blocked for ${duration(to - from)}`)
}

/**
 * How many messages the queue held: as the kernel counted them, or for an unbounded queue, which is partly in the memory of its
 * sender, how many were sent and not received.
 */
function drawDepth(
  story: Story,
  events: readonly Event[],
  capacity: number,
  foot: number,
  x: (t: number) => number,
  end: number,
): string[] {
  let sum = 0
  const points = events.flatMap((event) => {
    if (event.event !== 'sent' && event.event !== 'received') return []
    // A receive may be reported before its send.
    sum += event.event === 'sent' ? 1 : -1
    return { t: event.t, depth: Math.max(0, Number.isFinite(capacity) ? (event.depth?.after ?? 0) : sum) }
  })
  const [first] = points
  const last = points.at(-1)
  if (!first || !last) return []
  const limit = Number.isFinite(capacity) ? Math.max(capacity, 1) : 1
  const most = largest(
    points.map(({ depth }) => depth),
    limit,
  )
  const y = scaleLinear([0, most], [foot, foot - depthHeight]).clamp(true)
  const shape = area<{ t: number; depth: number }>()
    .x(({ t }) => x(t))
    .y0(foot)
    .y1(({ depth }) => y(depth))
    .curve(curveStepAfter)
  const full = capacity > 0 && Number.isFinite(capacity) ? y(capacity) : undefined
  return [
    element('path', {
      d: shape([{ ...first, depth: 0 }, ...points, { ...last, t: end }]) ?? '',
      class: 'one',
      'fill-opacity': 0.55,
      ...when(story, first.t),
    }),
    ...(full === undefined
      ? []
      : [
          element('path', {
            d: `M${x(0)} ${full.toFixed(1)}H${x(end)}`,
            class: 'mark',
            'stroke-dasharray': '3 3',
          }),
        ]),
  ]
}

/** A message on its way into the queue, or out of it. */
function drawMessage(
  story: Story,
  event: Event,
  lines: { sender: number; receiver: number },
  foot: number,
  x: (t: number) => number,
): string[] {
  if (event.event !== 'sent' && event.event !== 'received') return []
  const [from, to] = event.event === 'sent' ? [lines.sender, foot] : [foot, lines.receiver]
  const d = `M${x(event.t).toFixed(1)} ${from}V${to}`
  return [
    element('path', { d, class: 'arrow', 'stroke-opacity': 0.5, ...when(story, event.t) }, '', event.text),
  ]
}

/** What the faster side met, in words. */
function drawOutcome(
  story: Story,
  { first, to }: Round,
  sides: { side: string; calls: Call[]; waited: number }[],
  events: readonly Event[],
  { x, y, width, height }: Place,
  claim: Claim | undefined,
): string {
  const fast = sides.find(({ side }) => side === first)
  const failures = fast?.calls.filter(({ errno }) => errno) ?? []
  const isEmpty = !events.some(({ event }) => event === 'received')
  const outcome = isEmpty
    ? 'no message passes'
    : failures[0]
      ? `${failures[0].errno} ${counted(failures.length, 'time')}`
      : fast && fast.calls.length > 0
        ? `blocks ${duration(fast.waited)}`
        : 'never waits'
  const sign = claim ? (claim.holds ? '✔ ' : '✘ ') : ''
  const kind = claim && !claim.holds ? 'small bad' : 'small'
  return element(
    'g',
    { 'data-claims': claim?.id, ...when(story, claim?.t ?? to) },
    textAt(x + width / 2, y + height - 4, sign + outcome, kind, 'middle'),
    claim?.text,
  )
}

function drawKey(y: number): string[] {
  const x = box.left
  return [
    element('rect', { x, y: y - 12, width: 18, height: 12, rx: 2, class: 'held' }),
    textAt(x + 26, y - 1, 'a call blocks', 'small dim'),
    element('path', { d: `M${x + 146} ${y - 10}l8 8m0 -8l-8 8`, class: 'lost' }),
    textAt(x + 164, y - 1, 'EAGAIN: a nonblocking call fails', 'small dim'),
    element('rect', { x: x + 424, y: y - 12, width: 18, height: 12, class: 'one', 'fill-opacity': 0.55 }),
    textAt(x + 450, y - 1, 'messages in the queue', 'small dim'),
    element('path', { d: `M${x + 638} ${y - 6}h18`, class: 'mark', 'stroke-dasharray': '3 3' }),
    textAt(x + 664, y - 1, 'its capacity', 'small dim'),
    textAt(box.right, y - 1, 'Below each box: what happens to the faster side.', 'small dim', 'end'),
  ]
}
