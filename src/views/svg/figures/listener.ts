/** The queue of a listener, the states of both ends of a connection, and bind(2) to a port with a connection in TIME_WAIT. */
import { constants } from 'node:os'
import { type Data, numberIn } from '../../../events.js'
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

const { EADDRINUSE } = constants.errno

/** The parts of the slide, with the claims that are written below. */
const parts = [
  {
    title: 'The queue of the listener',
    key: 'filled: in the queue; broken line: no room',
    draw: drawQueues,
    claims: ['listen/connected-before-accept', 'listen/full-backlog-drops-the-first-packet'],
  },
  {
    title: 'The two sockets of a connection',
    key: 'filled: open in a process; broken line: not',
    draw: drawStates,
    claims: ['listen/forgotten-close-stays-in-close-wait', 'listen/server-that-closes-first-has-time-wait'],
  },
  {
    title: 'bind(2) to that port',
    key: 'filled: it succeeds; broken line: it fails',
    draw: drawBinds,
    claims: ['listen/time-wait-keeps-the-port', 'listen/reuseaddr-on-both-sockets'],
  },
]

const gap = 48
const width = (box.right - box.left - (parts.length - 1) * gap) / parts.length
const [titleTop, rowTop, pitch, height, claimTop] = [144, 232, 72, 40, 544]

/** A line of /proc/net/tcp. */
interface Row {
  t: number
  moment: string
  side: string
  state: string
  queue: number
  /** Whether a process has the socket open. */
  isOpen: boolean
}

interface Shown {
  story: Story
  rows: Row[]
  x: number
}

export const drawListener: Draw = (story) => {
  if (!claimOf(story, 'listen/connected-before-accept')) return undefined
  const rows = story.claims.flatMap(({ evidence }) => evidence).flatMap(({ t, data }) => rowOf(t, data))
  const drawn = parts.map(({ title, key, draw, claims: ids }, at) => {
    const x = box.left + at * (width + gap)
    const claims = claimsOf(story, ids)
    const written = writeClaims(story, claims, { x, y: claimTop, width, lines: 4 })
    return {
      claims,
      parts: [
        textAt(x, titleTop, title, 'large'),
        textAt(x, titleTop + 24, key, 'small dim'),
        ...draw({ story, rows, x }),
        ...written.parts,
      ],
    }
  })
  return {
    parts: drawn.flatMap(({ parts }) => parts),
    claims: drawn.flatMap(({ claims }) => claims),
  }
}

function rowOf(t: number, data: Data | undefined): Row[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return []
  const { moment, side, state } = data
  const [queue, inode] = [numberIn(data, 'rxQueue'), numberIn(data, 'inode')]
  if (typeof moment !== 'string' || typeof side !== 'string' || typeof state !== 'string') return []
  if (queue === undefined || inode === undefined) return []
  return [{ t, moment, side, state, queue, isOpen: inode !== 0 }]
}

/** A box with a word. */
function drawBox(
  story: Story,
  t: number,
  x: number,
  y: number,
  wide: number,
  label: string,
  kind: string,
): string {
  return element(
    'g',
    { 'data-socket': label, ...when(story, t) },
    element('rect', { x, y, width: wide, height, rx: 4, class: kind }) +
      textAt(x + wide / 2, y + 25, fitted(label, wide - 6, 14), 'small', 'middle'),
  )
}

/** How many connections wait, at each moment, and the client that has no room. */
function drawQueues({ story, rows, x }: Shown): string[] {
  const listeners = rows.filter(({ side }) => side === 'listener').slice(0, 3)
  return listeners.flatMap(({ t, moment, queue }, at) => {
    const y = rowTop + at * pitch
    const wide = 112
    const waiting = Array.from({ length: Math.max(0, Math.min(queue, 2)) }, (_, slot) =>
      drawBox(story, t, x + slot * (wide + 8), y, wide, 'waits', 'held'),
    )
    const late = rows.filter((row) => row.moment === moment && row.state === 'SYN_SENT').slice(0, 1)
    return [
      element('g', when(story, t), textAt(x, y - 8, `${moment}: rx_queue ${queue}`, 'small dim')),
      ...waiting,
      ...late.map((row) => drawBox(story, row.t, x + 2 * (wide + 8), y, wide, row.state, 'new')),
    ]
  })
}

/** The states of client and server, at each moment. */
function drawStates({ story, rows, x }: Shown): string[] {
  const ends = rows.filter(({ side, state }) => side !== 'listener' && state !== 'SYN_SENT')
  const moments = [...new Set(ends.map(({ moment }) => moment))].slice(0, 4)
  const sides = ['client', 'server']
  const wide = (width - 12) / 2
  return [
    ...sides.map((side, at) => textAt(x + at * (wide + 12), titleTop + 54, side, 'name')),
    ...moments.flatMap((moment, at) => {
      const y = rowTop + at * pitch
      const found = ends.filter((row) => row.moment === moment)
      const [first] = found
      const label = first ? [element('g', when(story, first.t), textAt(x, y - 8, moment, 'small dim'))] : []
      const boxes = sides.flatMap((side, at) =>
        found
          .filter((row) => row.side === side)
          .slice(0, 1)
          .map(({ t, state, isOpen }) =>
            drawBox(story, t, x + at * (wide + 12), y, wide, state, isOpen ? 'held' : 'new'),
          ),
      )
      return [...label, ...boxes]
    }),
  ]
}

/** What bind(2) returned, without and with SO_REUSEADDR. */
function drawBinds({ story, x }: Shown): string[] {
  const binds = [
    ['without SO_REUSEADDR', 'listen/time-wait-keeps-the-port'],
    ['with SO_REUSEADDR', 'listen/reuseaddr-frees-the-port'],
    ['with it, and an old listener without', 'listen/reuseaddr-on-both-sockets'],
  ] as const
  return binds.flatMap(([words, id], at) => {
    const y = rowTop + at * pitch
    const { t, errno } = lastErrno(claimOf(story, id)) ?? {}
    if (t === undefined || errno === undefined) return []
    const label = errno === EADDRINUSE ? 'EADDRINUSE' : errno === 0 ? 'succeeds' : `errno ${errno}`
    return [
      element('g', when(story, t), textAt(x, y - 8, words, 'small dim')),
      drawBox(story, t, x, y, 150, label, errno === 0 ? 'held' : 'new'),
    ]
  })
}

function lastErrno(claim: Claim | undefined): { t: number; errno: number } | undefined {
  return claim?.evidence
    .flatMap(({ t, data }) => {
      const errno = numberIn(data, 'errno')
      return errno === undefined ? [] : [{ t, errno }]
    })
    .at(-1)
}
