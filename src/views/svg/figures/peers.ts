/** Unix sockets of two processes: which process has which socket, and which sockets are connected. */
import type { Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

/** A row of the data of evidence, and when it was shown. */
type Value = string | number | boolean
export type Row = { [field: string]: Value } & { t: number }

/** The rows of all lists in the data of evidence. */
export function rowsOf({ claims }: Story): Row[] {
  return claims.flatMap(({ evidence }) =>
    evidence.flatMap(({ t, data }) => {
      const rows = Array.isArray(data) ? data : [data]
      return rows.flatMap((row) =>
        typeof row === 'object' && row !== null && !Array.isArray(row) ? [{ ...valuesIn(row), t }] : [],
      )
    }),
  )
}

/** The fields that have one value. */
function valuesIn(row: object): { [field: string]: Value } {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, Value][] =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [[name, value]]
        : [],
    ),
  )
}

const [gap, socket] = [24, { width: 76, height: 36, pitch: 56 }]
const panelWidth = (box.right - box.left - 2 * gap) / 3
const [panelTop, panelHeight, claimTop] = [150, 200, 420]

export const drawPair: Draw = (story) => {
  if (!claimOf(story, 'pair/end-of-file-after-last-close')) return undefined
  // The data of sock_diag(7) repeats that of /proc/PID/fd.
  const sockets = [
    ...new Map(
      rowsOf(story)
        .filter(({ ino, moment }) => ino !== undefined && moment !== undefined)
        .map((row) => [`${row.moment} ${row.process} ${row.fd}`, row]),
    ).values(),
  ]
  const moments = [...new Set(sockets.map(({ moment }) => moment))].slice(0, 3)
  const columns = [
    ['pair/sockets-are-each-others-peer', 'pair/descriptor-carries-both-directions'],
    ['pair/pipe-has-one-direction', 'pair/shutdown-ends-one-direction'],
    ['pair/copy-prevents-end-of-file', 'pair/end-of-file-after-last-close'],
  ].map((ids) => claimsOf(story, ids))
  return {
    see: 'A box in a process is a socket, with its descriptor. Connected sockets send in both directions.',
    parts: [
      ...moments.map((moment, at) => {
        const place = {
          x: box.left + at * (panelWidth + gap),
          y: panelTop,
          width: panelWidth,
          height: panelHeight,
        }
        const rows = sockets.filter((row) => row.moment === moment)
        // At the last moment, the demo looked at one process only. The other one has what it had before.
        const names = rows.map(({ process }) => process)
        const before = sockets.filter((row) => row.moment === moments[at - 1] && !names.includes(row.process))
        return drawSockets(story, at === 2 ? [...rows, ...before] : rows, place)
      }),
      ...columns.flatMap(
        (claims, at) =>
          writeClaims(story, claims, {
            x: box.left + at * (panelWidth + gap),
            y: claimTop,
            width: panelWidth,
            lines: 4,
          }).parts,
      ),
    ],
    claims: columns.flat(),
  }
}

/** Both ends of a line between two sockets are arrows: each sends and receives. */
function heads(one: { x: number; y: number }, other: { x: number; y: number }): string {
  const [left, right] = [one.x + socket.width, other.x]
  const [from, to] = [one.y, other.y].map((y) => y + socket.height / 2)
  const angle = (Math.atan2((to ?? 0) - (from ?? 0), right - left) * 180) / Math.PI
  const head = (x: number, y: number, turn: number) =>
    element('path', {
      d: 'M-10 -5L0 0L-10 5Z',
      class: 'head',
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn.toFixed(1)})`,
    })
  return head(right, to ?? 0, angle) + head(left, from ?? 0, angle + 180)
}

interface Place {
  x: number
  y: number
  width: number
  height: number
}

/** The sockets of up to two processes at one moment. @param listeners their inode numbers */
export function drawSockets(
  story: Story,
  rows: readonly Row[],
  { x, y, width, height }: Place,
  listeners: readonly Value[] = [],
): string {
  const names = [...new Set(rows.map(({ process }) => process))].slice(0, 2)
  // The parent and the server are on the left.
  names.sort((one, other) => `${other}`.localeCompare(`${one}`))
  const each = (width - 60) / 2
  const processes = names.map((name, at) => {
    const left = x + at * (each + 60)
    return (
      element('rect', { x: left, y, width: each, height, rx: 6, class: `region ${at ? 'two' : 'one'}` }) +
      textAt(left + 12, y + 26, fitted(`${name}`, each - 24, 16), 'name')
    )
  })
  const placed = names.flatMap((name, at) =>
    rows
      .filter(({ process }) => process === name)
      .slice(0, 3)
      .map((row, n) => ({
        row,
        x: at ? x + each + 60 + 12 : x + each - 12 - socket.width,
        y: y + 48 + n * socket.pitch,
      })),
  )
  const lines = placed.flatMap((one, at) =>
    placed.slice(at + 1).flatMap((other) => {
      if (one.row.peer !== other.row.ino || other.row.ino === undefined) return []
      const isBelow = one.x === other.x
      const d = isBelow
        ? `M${one.x + socket.width / 2} ${one.y + socket.height}L${other.x + socket.width / 2} ${other.y}`
        : `M${one.x + socket.width} ${one.y + socket.height / 2}L${other.x} ${other.y + socket.height / 2}`
      return element('path', { d, class: 'arrow' }) + (isBelow ? '' : heads(one, other))
    }),
  )
  const boxes = placed.map(({ row, x, y }) => {
    const rect = element('rect', { x, y, width: socket.width, height: socket.height, rx: 18, class: 'held' })
    const listens = listeners.includes(row.ino ?? '')
    return (
      rect +
      textAt(x + socket.width / 2, y + 23, `fd ${row.fd}`, 'name', 'middle') +
      (listens ? textAt(x - 8, y + 23, 'listens', 'small', 'end') : '')
    )
  })
  const first = rows[0]
  const title = textAt(x, y - 12, fitted(`${first?.moment ?? ''}`, width, 16), 'name')
  const about = rows.map(({ process, fd }) => `${process} ${fd}`).join(', ')
  return element(
    'g',
    { 'data-sockets': about, ...when(story, first?.t ?? story.start) },
    [title, ...processes, ...lines, ...boxes].join(''),
  )
}
