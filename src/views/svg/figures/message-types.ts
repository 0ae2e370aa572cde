/** A queue whose messages have types: the queue before each receive, with the message that it takes; below, two calls that wait. */
import { type Data, type MessageFact, numberIn } from '../../../events.js'
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

const selecting = [
  'queue/type-takes-first-of-type',
  'queue/negative-type-takes-lowest',
  'queue/type-zero-takes-first',
]
const waiting = [
  'queue/bytes-are-bounded',
  'queue/sender-blocks-at-bound',
  'queue/receiver-waits-for-its-type',
]

const [mostRows, mostMessages] = [5, 6]
const [queueLeft, messageWidth, messageHeight, rowTop, rowHeight] = [200, 84, 44, 176, 62]
const getsLeft = queueLeft + mostMessages * messageWidth + 8
const claimsLeft = 830
const claimsWidth = box.right - claimsLeft
const waitTop = rowTop + mostRows * rowHeight + 46

type Message = Pick<MessageFact, 'text' | 'type'>

interface Row {
  t: number
  asked: number
  text: string
}

export const drawMessageTypes: Draw = (story) => {
  const rows = story.claims.flatMap(({ evidence }) => evidence.flatMap(rowOf)).slice(0, mostRows)
  const [first] = rows
  if (!first) return undefined
  const claims = claimsOf(story, [...selecting, ...waiting])
  const place = { x: claimsLeft, width: claimsWidth, lines: 4 }
  const above = claims.filter(({ id = '' }) => selecting.includes(id))
  const below = claims.filter(({ id = '' }) => waiting.includes(id))
  return {
    see: 'The queue before each receive, with the message sent first on the left. The framed one is taken.',
    parts: [
      textAt(box.left, rowTop - 18, 'receiver asks for', 'dim'),
      textAt(queueLeft, rowTop - 18, 'the queue', 'dim'),
      textAt(getsLeft, rowTop - 18, 'gets', 'dim'),
      ...drawRows(story, rows, sentBefore(story, first.t)),
      ...writeClaims(story, above, { ...place, y: rowTop + 14 }).parts,
      ...drawBound(story, claimOf(story, 'queue/bytes-are-bounded')),
      ...drawWait(story, claimOf(story, 'queue/receiver-waits-for-its-type')),
      ...writeClaims(story, below, { ...place, y: waitTop }).parts,
    ],
    claims,
  }
}

/** What a receive asked for, and what it got. */
function rowOf({ data, t }: { data?: Data; t: number }): Row[] {
  const asked = numberIn(data, 'asked')
  if (asked === undefined || typeof data !== 'object' || Array.isArray(data)) return []
  // Other demos ask for other things, such as the size of a buffer.
  const { text } = data
  return typeof text === 'string' ? [{ t, asked, text }] : []
}

function sentBefore(story: Story, t: number): Message[] {
  const events = story.steps.map(({ event }) => event)
  return events
    .flatMap((event) => (event.event === 'sent' && event.t < t ? event : []))
    .slice(0, mostMessages)
}

function drawRows(story: Story, rows: readonly Row[], sent: readonly Message[]): string[] {
  let queue = [...sent]
  return rows.map(({ t, asked, text }, at) => {
    const y = rowTop + at * rowHeight
    const taken = queue.findIndex((message) => message.text === text)
    const boxes = queue.map((message, place) =>
      drawMessage(queueLeft + place * messageWidth, y, message, place === taken),
    )
    const got = queue[taken]
    queue = queue.filter((_, place) => place !== taken)
    return element(
      'g',
      { 'data-receive': `${asked} ${text}`, ...when(story, t) },
      textAt(box.left, y + 29, asked === 0 ? 'any type (0)' : `type ${asked}`, 'name') +
        boxes.join('') +
        (got ? drawMessage(getsLeft, y, got, true) : textAt(getsLeft, y + 29, fitted(text, 90, 16), 'name')),
    )
  })
}

function drawMessage(x: number, y: number, { text = '', type }: Message, isTaken: boolean): string {
  const [width, middle] = [messageWidth - 8, x + messageWidth / 2 - 4]
  return (
    element('rect', { x, y, width, height: messageHeight, rx: 4, class: isTaken ? 'held' : 'band' }) +
    (isTaken ? element('rect', { x, y, width, height: messageHeight, rx: 4, class: 'frame' }) : '') +
    textAt(middle, y + 19, fitted(text, width, 16), 'name', 'middle') +
    textAt(middle, y + 37, fitted(`type ${type}`, width, 14), 'small', 'middle')
  )
}

/** The full queue to scale, and the message that has to wait. */
function drawBound(story: Story, claim: Claim | undefined): string[] {
  const data = claim?.evidence.map((each) => each.data) ?? []
  const bound = data.flatMap((each) => numberIn(each, 'capacity') ?? []).at(-1)
  const bytes = data.flatMap((each) => numberIn(each, 'bytes') ?? []).at(-1)
  const messages = data.flatMap((each) => numberIn(each, 'messages') ?? []).at(-1)
  if (!claim || !bound || !bytes || !messages || messages > 16 || bytes > bound) return []
  const [y, width] = [waitTop + 14, 400]
  const each = ((bytes / bound) * width) / messages
  const boxes = Array.from({ length: messages }, (_, at) =>
    element('rect', { x: queueLeft + at * each + 2, y, width: each - 4, height: 36, rx: 3, class: 'held' }),
  )
  const parts = [
    textAt(box.left, y + 24, 'full queue', 'name'),
    ...boxes,
    element('rect', { x: queueLeft, y: y - 5, width, height: 46, class: 'frame' }),
    textAt(queueLeft, y - 14, `${bytes} of ${bound} bytes (msg_qbytes)`, ''),
    element('rect', { x: queueLeft + width + 12, y, width: each - 4, height: 36, rx: 3, class: 'new' }),
    textAt(queueLeft + width + 8 + each / 2, y + 23, 'waits', 'small', 'middle'),
  ]
  return [element('g', { 'data-bound': `${bytes}/${bound}`, ...when(story, claim.t) }, parts.join(''))]
}

/** A receiver that waits, and the types that are in the queue. */
function drawWait(story: Story, claim: Claim | undefined): string[] {
  const data = claim?.evidence.map((each) => each.data).find((each) => numberIn(each, 'wanted') !== undefined)
  const wanted = numberIn(data, 'wanted')
  if (!claim || wanted === undefined || typeof data !== 'object' || Array.isArray(data)) return []
  const types = Array.isArray(data.types) ? data.types.slice(0, mostMessages) : []
  const y = waitTop + 86
  const parts = [
    textAt(box.left, y + 27, `type ${wanted}`, 'name'),
    ...types.map((type, at) => drawMessage(queueLeft + at * messageWidth, y, { type: `${type}` }, false)),
    element('rect', { x: getsLeft, y, width: messageWidth - 8, height: messageHeight, rx: 4, class: 'new' }),
    textAt(getsLeft + messageWidth / 2 - 4, y + 27, 'waits', 'small', 'middle'),
  ]
  return [
    element('g', { 'data-wait': `${wanted}: ${types.join(' ')}`, ...when(story, claim.t) }, parts.join('')),
  ]
}
