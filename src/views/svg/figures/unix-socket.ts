/** A Unix socket with a path: its sockets, a passed descriptor, and what each call found while the file came and went. */
import type { Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { drawSockets, type Row, rowsOf } from './peers.js'

const [panelTop, panelHeight, stripTop, claimTop] = [150, 160, 352, 560]
const gap = 24
const column = (box.right - box.left - 2 * gap) / 3

export const drawUnixSocket: Draw = (story) => {
  if (!claimOf(story, 'unix/bind-makes-a-file')) return undefined
  const rows = rowsOf(story)
  const sockets = rows.filter(
    ({ ino, fd, pos }) => ino !== undefined && fd !== undefined && pos === undefined,
  )
  const listeners = rows.flatMap(({ listens, inode }) =>
    listens === true && inode !== undefined ? [inode] : [],
  )
  const files = rows.filter(({ pos }) => pos !== undefined)
  const calls = rows.filter(({ call, result }) => call !== undefined && result !== undefined).slice(0, 7)
  const columns = [
    ['unix/connect-needs-a-listener', 'unix/kernel-names-the-client'],
    ['unix/connection-outlives-its-name', 'unix/file-stays-behind'],
    ['unix/passed-descriptor-is-the-same-file', 'unix/passed-descriptor-shares-offset'],
  ].map((ids) => claimsOf(story, ids))
  const moments = [...new Set(files.map(({ moment }) => moment))].slice(0, 2)
  return {
    see: 'Above: which process has which descriptor. Below: what each call of the client found at the path.',
    parts: [
      ...(sockets.length > 0
        ? [
            drawSockets(
              story,
              sockets,
              { x: box.left, y: panelTop, width: column, height: panelHeight },
              listeners,
            ),
          ]
        : []),
      ...moments.map((moment, at) =>
        drawPassed(
          story,
          files.filter((row) => row.moment === moment),
          box.left + (at + 1) * (column + gap),
        ),
      ),
      ...drawCalls(story, calls),
      ...columns.flatMap(
        (claims, at) =>
          writeClaims(story, claims, {
            x: box.left + at * (column + gap),
            y: claimTop,
            width: column,
            lines: 3,
          }).parts,
      ),
    ],
    claims: columns.flat(),
  }
}

/** One file, and the descriptors of two processes for it. */
function drawPassed(story: Story, rows: readonly Row[], x: number): string {
  const first = rows[0]
  const file = { x: x + column / 2 - 60, y: panelTop + 100, width: 120, height: 44 }
  const parts = rows.slice(0, 2).map(({ process, fd }, at) => {
    const left = x + at * (column - 140)
    const d = `M${left + 70} ${panelTop + 56}L${x + column / 2 + (at ? 30 : -30)} ${file.y}`
    return (
      element('rect', {
        x: left,
        y: panelTop,
        width: 140,
        height: 56,
        rx: 6,
        class: `region ${process === 'server' ? 'one' : 'two'}`,
      }) +
      textAt(left + 12, panelTop + 24, fitted(`${process}`, 116, 16), 'name') +
      textAt(left + 12, panelTop + 46, `fd ${fd}`, '') +
      element('path', { d, class: 'arrow' })
    )
  })
  const offset = `offset ${first?.pos}`
  const shown =
    textAt(x, panelTop - 12, fitted(`${first?.moment ?? ''}`, column, 16), 'name') +
    element('rect', { ...file, rx: 4, class: 'held' }) +
    textAt(file.x + 60, file.y + 19, 'file', 'name', 'middle') +
    textAt(file.x + 60, file.y + 37, offset, 'small', 'middle')
  const about = rows.map(({ process, fd, pos }) => `${process} ${fd} at ${pos}`).join(', ')
  return element(
    'g',
    { 'data-passed': about, ...when(story, first?.t ?? story.start) },
    parts.join('') + shown,
  )
}

/** A column for each call: whether there was a file and a listener, and what the call returned. */
function drawCalls(story: Story, calls: readonly Row[]): string[] {
  const left = box.left + 100
  const width = (box.right - left) / Math.max(calls.length, 1)
  const heads = ['', 'file', 'listener', 'call', 'result'].map((text, row) =>
    textAt(box.left, stripTop + 20 + row * 34, text, 'name'),
  )
  const drawn = calls.map(({ t, moment, call, result, file, listens }, at) => {
    const x = left + at * width
    const bar = (is: boolean, row: number) =>
      is
        ? element('rect', {
            x,
            y: stripTop + 6 + row * 34,
            width: width - 4,
            height: 20,
            rx: 3,
            class: 'held',
          })
        : textAt(x + width / 2 - 2, stripTop + 20 + row * 34, 'none', 'small dim', 'middle')
    const text = (value: unknown, row: number, kind: string) =>
      textAt(x + width / 2 - 2, stripTop + 20 + row * 34, fitted(`${value}`, width - 8, 14), kind, 'middle')
    return element(
      'g',
      { 'data-call': `${call} ${moment}: ${result}`, ...when(story, t) },
      text(moment, 0, 'small') +
        bar(file === true, 1) +
        bar(listens === true, 2) +
        text(`${call}(2)`, 3, 'small') +
        text(result, 4, result === 'ok' ? 'good name' : 'bad small'),
    )
  })
  return calls.length > 0 ? [...heads, ...drawn] : []
}
