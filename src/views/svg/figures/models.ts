/** Message passing beside shared memory: what the kernel does for the same messages. */
import { scaleLinear } from 'd3-scale'
import { numberIn } from '../../../events.js'
import { counted, largest, thousands } from '../../../text.js'
import type { Lane, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { drawArrow } from './lost-update.js'

const top = box.top + 18
const panelWidth = 570

/** What the kernel counted for one process while it sent or received. */
interface Side {
  lane: Lane
  t: number
  reads: number
  writes: number
  bytesRead: number
  bytesWritten: number
  /** Calls of futex(2), where the process uses shared memory. */
  futexCalls?: number
}

interface Model {
  title: string
  sender: Side
  receiver: Side
  calls: number
  bytes: number
  isShared: boolean
}

export const drawModels: Draw = (story) => {
  const [passing, sharing] = modelsIn(story)
  if (!passing || !sharing) return undefined
  const claims = claimsOf(story, [
    'models/passing-needs-calls-for-each-message',
    'models/passing-copies-through-the-kernel',
    'models/sharing-bypasses-the-kernel',
    'models/messages-arrive-as-sent',
  ])
  const columns = [claims.slice(0, 2), claims.slice(2)]
  return {
    title: 'Message passing and shared memory',
    see: 'The same messages: with message passing, the kernel copies each one twice. With shared memory, it copies none.',
    claims,
    parts: [
      ...drawModel(story, passing, box.left),
      ...drawModel(story, sharing, box.right - panelWidth),
      ...drawTotals([passing, sharing], 'System calls', ({ calls }) => calls, box.left),
      ...drawTotals(
        [passing, sharing],
        'Bytes that the kernel copied',
        ({ bytes }) => bytes,
        box.right - panelWidth,
      ),
      ...columns.flatMap(
        (column, at) =>
          writeClaims(story, column, {
            x: at === 0 ? box.left : box.right - panelWidth,
            y: top + 472,
            width: panelWidth,
            lines: 2,
          }).parts,
      ),
    ],
  }
}

/** Message passing and shared memory, each where the story contains both of its sides. */
function modelsIn(story: Story): [Model | undefined, Model | undefined] {
  const sides: Side[] = []
  for (const { event, lane } of story.steps) {
    if (event.event !== 'evidence') continue
    const count = (name: string) => within(numberIn(event.data, name))
    const [reads, writes] = [count('reads'), count('writes')]
    const [bytesRead, bytesWritten] = [count('bytesRead'), count('bytesWritten')]
    if (reads === undefined || writes === undefined || bytesRead === undefined || bytesWritten === undefined)
      continue
    const futexCalls = futexCallsOf(story, lane)
    sides.push({
      lane,
      t: event.t,
      reads,
      writes,
      bytesRead,
      bytesWritten,
      ...(futexCalls !== undefined && { futexCalls }),
    })
  }
  const has = (way: 'sent' | 'received') => (side: Side) =>
    story.steps.some(
      ({ event, lane }) => lane === side.lane && event.event === 'tally' && event.direction === way,
    )
  const model = (isShared: boolean): Model | undefined => {
    const both = sides.filter(({ futexCalls }) => (futexCalls !== undefined) === isShared)
    const [sender, receiver] = [both.find(has('sent')), both.find(has('received'))]
    if (!sender || !receiver) return undefined
    return {
      title: isShared ? 'Shared memory' : 'Message passing',
      sender,
      receiver,
      // Node itself may call the others now and then, to wake its event loop.
      calls: sender.writes + receiver.reads + (sender.futexCalls ?? 0) + (receiver.futexCalls ?? 0),
      bytes: sender.bytesWritten + receiver.bytesRead,
      isShared,
    }
  }
  return [model(false), model(true)]
}

function futexCallsOf(story: Story, of: Lane): number | undefined {
  for (const { event, lane } of story.steps) {
    if (lane !== of || event.event !== 'evidence' || event.source !== 'futex(2)') continue
    return within(numberIn(event.data, 'calls'))
  }
  return undefined
}

/** A recording may contain any number. */
function within(number: number | undefined): number | undefined {
  return number === undefined ? undefined : Math.max(0, Math.min(Math.round(number), 1e15))
}

/** Both processes, and below them the kernel. A message goes through the kernel, or through memory above it. */
function drawModel(story: Story, { title, sender, receiver, isShared }: Model, left: number): string[] {
  const right = left + panelWidth
  const kernelTop = top + 206
  const process = ({ lane, t }: Side, x: number) =>
    element(
      'g',
      when(story, t),
      element('rect', { x, y: top + 18, width: 150, height: 50, rx: 6, class: 'region one' }) +
        textAt(x + 75, top + 40, fitted(lane.name, 142, 16), 'name', 'middle') +
        textAt(x + 75, top + 59, `process ${lane.pid}`, 'small dim', 'middle'),
    )
  const [from, to] = [left + 95, right - 95]
  const middle = (left + right) / 2
  const futexCalls = (sender.futexCalls ?? 0) + (receiver.futexCalls ?? 0)
  const inside = isShared
    ? [
        element('rect', { x: left + 20, y: top + 114, width: panelWidth - 40, height: 48, class: 'held' }),
        textAt(middle, top + 143, 'ring buffer in shared memory', 'name', 'middle'),
        drawArrow(from, top + 70, top + 111),
        drawArrow(to, top + 113, top + 71),
        textAt(from + 14, top + 97, 'stores, no call', 'small'),
        textAt(to - 14, top + 97, 'loads, no call', 'small', 'end'),
        textAt(
          middle,
          kernelTop + 40,
          futexCalls === 0
            ? 'no call of futex(2): no process had to sleep'
            : `${counted(futexCalls, 'call')} of futex(2), only to sleep and to wake`,
          '',
          'middle',
        ),
      ]
    : [
        element('rect', {
          x: left + 20,
          y: kernelTop + 16,
          width: panelWidth - 40,
          height: 40,
          class: 'held',
        }),
        textAt(middle, kernelTop + 42, 'FIFO', 'name', 'middle'),
        drawArrow(from, top + 70, kernelTop + 13),
        drawArrow(to, kernelTop + 15, top + 71),
        textAt(from + 14, top + 120, `${thousands(sender.writes)} write(2)`, 'name'),
        textAt(from + 14, top + 142, `copy ${counted(sender.bytesWritten, 'byte')} in`, ''),
        textAt(to - 14, top + 120, `${thousands(receiver.reads)} read(2)`, 'name', 'end'),
        textAt(to - 14, top + 142, `copy ${counted(receiver.bytesRead, 'byte')} out`, '', 'end'),
      ]
  const kernel = element('rect', { x: left, y: kernelTop, width: panelWidth, height: 70, class: 'band' })
  const label = textAt(right - 8, kernelTop - 6, 'kernel', 'small dim', 'end')
  return [
    textAt(left, top, title, 'large'),
    kernel,
    label,
    process(sender, left + 20),
    process(receiver, right - 170),
    element(
      'g',
      { 'data-model': isShared ? 'sharing' : 'passing', ...when(story, receiver.t) },
      inside.join(''),
    ),
  ]
}

/** A bar for each model. */
function drawTotals(models: Model[], title: string, of: (model: Model) => number, left: number): string[] {
  const x = scaleLinear([0, largest(models.map(of), 1)], [0, panelWidth - 270])
  const y = top + 330
  return [
    textAt(left, y, title, 'name'),
    ...models.flatMap((model, at) => {
      const length = Math.max(x(of(model)), 2)
      const row = y + 18 + 44 * at
      return [
        textAt(left, row + 21, model.title.toLowerCase(), ''),
        element('rect', {
          x: left + 150,
          y: row,
          width: length,
          height: 32,
          class: at === 0 ? 'two' : 'three',
        }),
        textAt(left + 158 + length, row + 22, thousands(of(model)), 'name'),
      ]
    }),
  ]
}
