/** The legend: what the signs mean that the picture contains. */
import type { Story } from '../../story/index.js'
import { box } from '../figure.js'
import { element, textAt, widthOf } from '../parts.js'
import { barHeight } from './holds.js'

const rowHeight = 24

interface Sign {
  label: string
  /** Draws the sign, about 16 pixels wide. */
  draw(x: number, y: number): string
}

/** The legend from `top` on, and its height. */
export function drawLegend(story: Story, top: number): { parts: string[]; height: number } {
  let [x, y] = [box.left, top]
  const parts = signsOf(story).map(({ label, draw }) => {
    const width = 22 + widthOf(label, 14) + 14
    if (x + width > box.right) [x, y] = [box.left, y + rowHeight]
    const part = draw(x, y) + textAt(x + 22, y + 5, label, 'small dim')
    x += width
    return part
  })
  return { parts, height: y - top + rowHeight }
}

function signsOf({ steps, holds, stays, arrows }: Story): Sign[] {
  const kinds = new Set(steps.map(({ event }) => event.event))
  const states = new Set(stays.map(({ state }) => state))
  const bar = (name: string, height: number) => (x: number, y: number) =>
    element('rect', { x, y: y - height / 2, width: 16, height, class: name })
  const path = (d: string, name: string) => (x: number, y: number) =>
    element('path', { d: `M${x} ${y}${d}`, class: name, 'stroke-width': 2 })
  const signs: [boolean, string, Sign['draw']][] = [
    // A computation is no call that blocks. Its bar says what it is.
    [holds.some(({ first }) => first.call !== 'compute'), 'a call blocks', bar('held', barHeight)],
    [holds.some(({ last }) => last?.errno), 'a failed call', bar('held failed', barHeight)],
    [
      steps.some(({ event, held }) => event.event === 'call' && !held),
      'a call that returned at once',
      path('m8 -6v12', 'once'),
    ],
    [states.has('new'), 'new', bar('new', 12)],
    [states.has('running'), 'running', bar('running', 16)],
    [states.has('ready'), 'ready', bar('ready', 10)],
    [states.has('waiting'), 'waiting', bar('waiting', 6)],
    [states.has('stopped'), 'stopped', bar('stopped', 12)],
    [states.has('zombie'), 'zombie', bar('zombie', 12)],
    [arrows.some(({ fate }) => fate !== 'lost'), 'message', path('h10m0 -4v8l8 -4z', 'arrow')],
    [arrows.some(({ fate }) => fate === 'lost'), 'not received', path('m4 -4l8 8m0 -8l-8 8', 'lost')],
    [kinds.has('tally'), 'many messages, counted', bar('tally', 4)],
    [kinds.has('evidence'), 'evidence from the kernel', path('m4 0l5 -5l5 5l-5 5z', 'kernel')],
    [kinds.has('note'), 'a note', (x, y) => element('circle', { cx: x + 9, cy: y, r: 2, class: 'dim' })],
    [kinds.has('created'), 'created', path('m9 -4v8m-4 -4h8', 'mark')],
    [kinds.has('removed'), 'removed', path('m5 0h8', 'mark')],
    [kinds.has('signal'), 'a signal arrives', path('m9 -5l-3 5h5l-3 6', 'lost')],
    [kinds.has('exited'), 'exited', path('m5 -4l8 8m0 -8l-8 8', 'mark')],
    [
      kinds.has('claim'),
      'claim, below',
      (x, y) => element('rect', { x, y: y - 7, width: 16, height: 14, rx: 7, class: 'good' }),
    ],
  ]
  return signs.filter(([there]) => there).map(([, label, draw]) => ({ label, draw }))
}
