/** The same messages over three kinds of sockets: the bytes that each call received, those that were lost, and the end. */
import type { Data } from '../../../events.js'
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

const kinds = ['stream', 'datagram', 'seqpacket']
/** The colours of the messages. */
const colors = ['one', 'two', 'three']

const columns = [
  {
    moment: 'boundaries',
    title: 'Each call has room for 100 bytes',
    x: 150,
    width: 480,
    claims: ['datagram/stream-has-no-boundaries', 'datagram/messages-keep-boundaries'],
  },
  {
    moment: 'small buffer',
    title: 'The first call has room for 3',
    x: 660,
    width: 330,
    claims: ['datagram/stream-keeps-the-rest', 'datagram/small-buffer-cuts-a-message'],
  },
  {
    moment: 'sender has exited',
    title: 'The sender exits',
    x: 1020,
    width: 220,
    claims: ['datagram/connections-have-end-of-file', 'datagram/datagrams-have-no-end-of-file'],
  },
]

const [titleTop, sentTop, rowTop, rowHeight, claimTop] = [144, 168, 258, 86, 552]
const [cell, height, gap] = [24, 34, 10]

/** What the calls of one kind received at a moment. */
interface Received {
  t: number
  kind: string
  moment: string
  sent: string[]
  texts: string[]
  bytes: number[]
  cut: boolean[]
}

export const drawBoundaries: Draw = (story) => {
  if (!claimOf(story, 'datagram/messages-keep-boundaries')) return undefined
  const all = story.claims.flatMap(({ evidence }) => evidence.flatMap(({ t, data }) => receivedIn(t, data)))
  const claims = columns.map((column) => claimsOf(story, column.claims))
  const noEnd = claimOf(story, 'datagram/datagrams-have-no-end-of-file')
  return {
    see: 'A small box is a byte. A large box contains what one call received. A cross: the byte is lost.',
    parts: [
      textAt(box.left, sentTop + 23, 'sent', 'name'),
      ...kinds.map((kind, row) => textAt(box.left, rowTop + row * rowHeight + 23, kind, 'name')),
      ...columns.flatMap((column, at) => {
        const found = all.filter(({ moment }) => moment === column.moment)
        const written = writeClaims(story, claims[at] ?? [], {
          x: column.x,
          y: claimTop,
          width: column.width,
          lines: 3,
        })
        return [
          textAt(column.x, titleTop, column.title, 'name'),
          drawSent(found[0]?.sent ?? [], column.x),
          ...found.map((received) => drawReceived(story, received, column.x)),
          ...written.parts,
        ]
      }),
      ...(noEnd ? [drawEndless(story, noEnd)] : []),
    ],
    claims: claims.flat(),
  }
}

function receivedIn(t: number, data: Data | undefined): Received[] {
  if (typeof data !== 'object' || Array.isArray(data)) return []
  const { kind, moment, sent, texts, bytes, cut } = data
  if (typeof kind !== 'string' || typeof moment !== 'string' || !kinds.includes(kind)) return []
  const words = (list: unknown) =>
    Array.isArray(list) ? list.slice(0, 3).map((one) => `${one}`.slice(0, 16)) : []
  const numbers = Array.isArray(bytes) ? bytes.map(Number).filter(Number.isFinite) : []
  const flags = Array.isArray(cut) ? cut.map((one) => one === true) : []
  return [{ t, kind, moment, sent: words(sent), texts: words(texts), bytes: numbers, cut: flags }]
}

function drawSent(sent: string[], left: number): string {
  let x = left
  const drawn = sent.map((text, message) => {
    const at = x
    x += text.length * cell + gap
    return [...text].map((letter, n) => drawByte(letter, at + n * cell, sentTop, colors[message])).join('')
  })
  return drawn.join('')
}

/** A byte in the colour of its message; a lost one has none, and a cross. */
function drawByte(letter: string, x: number, y: number, color: string | undefined): string {
  const rect = element('rect', {
    x: x + 1,
    y,
    width: cell - 2,
    height,
    rx: 2,
    class: `region ${color ?? ''}`,
  })
  const text = textAt(x + cell / 2, y + 23, letter, color ? 'name' : 'dim', 'middle')
  const cross = `M${x + 3} ${y + 3}L${x + cell - 3} ${y + height - 3}`
  return rect + text + (color ? '' : element('path', { d: cross, class: 'lost' }))
}

function drawReceived(story: Story, { t, kind, sent, texts, bytes, cut }: Received, left: number): string {
  const y = rowTop + kinds.indexOf(kind) * rowHeight
  // A byte of a stream belongs to the message at its place; each other kind receives one message with each call.
  const messages = sent.flatMap((text, message) => [...text].map(() => message))
  let [x, offset] = [left, 0]
  const calls = texts.map((text, call) => {
    const start = x
    const drawn = [...text].map((letter, n) => {
      const message = kind === 'stream' ? messages[offset + n] : call
      return drawByte(letter, start + n * cell, y, colors[message ?? 0])
    })
    const lost = cut[call] ? [...(sent[call] ?? '')].slice(text.length) : []
    const width = Math.max(text.length, 1) * cell
    drawn.push(
      ...lost.map((letter, n) => drawByte(letter, start + width + 6 + n * cell, y, undefined)),
      element('rect', {
        x: start - 2,
        y: y - 4,
        width: width + 4,
        height: height + 8,
        rx: 4,
        class: 'frame',
      }),
      textAt(start, y + height + 22, text ? `${bytes[call] ?? 0} bytes` : '0 bytes: end of file', 'small'),
    )
    offset += text.length
    x += width + lost.length * cell + gap + (lost.length > 0 ? 8 : 0)
    return drawn.join('')
  })
  const about = texts.map((text, call) => `${text}${cut[call] ? '/' : ''}`).join(' ')
  return element('g', { 'data-received': `${kind}: ${about}`, ...when(story, t) }, calls.join(''))
}

/** The receiver of datagrams waits. */
function drawEndless(story: Story, { t, holds }: Claim): string {
  const [x, y] = [columns[2]?.x ?? box.left, rowTop + kinds.indexOf('datagram') * rowHeight]
  const words = holds ? 'waits: no end of file' : 'does not wait'
  return element(
    'g',
    { 'data-received': `datagram: ${words}`, ...when(story, t) },
    element('rect', { x, y: y + 8, width: 60, height: 18, rx: 3, class: holds ? 'waiting' : 'gone' }) +
      textAt(x, y + height + 22, fitted(words, 220, 14), 'small'),
  )
}
