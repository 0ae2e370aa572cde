/** Threads of one process share its memory: a ring buffer, and a counter in which an update is lost. */
import type { Lane, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { claimsOfTotals, drawArrow, drawSteps, drawTotals, lostUpdateIn } from './lost-update.js'
import { participant } from './participants.js'

const [leftEnd, rightBegin] = [770, 830]
const top = box.top + 8
const half = top + 286

/** More threads are not drawn: their names would not fit. */
const mostThreads = 8

interface Use {
  lane: Lane
  /** Whether it writes into the memory, and whether it reads from it. */
  writes: boolean
  reads: boolean
}

export const drawThreads: Draw = (story) => {
  const { ring, counters } = usesIn(story)
  if (ring.length === 0 || counters.length === 0) return undefined
  const beside = claimsOf(story, [
    'thread/shares-memory-of-its-process',
    'shm/ring-consumer-sleeps-when-empty',
    'shm/ring-keeps-messages-in-order',
  ])
  return {
    title: 'Threads share the memory of their process',
    see: 'Every thread reads and writes the same counter. Two plain additions at the same time lose an update.',
    claims: [...claimsOfTotals(story), ...beside],
    parts: [
      ...drawProcess(story, ring, counters),
      ...writeClaims(story, beside, { x: rightBegin, y: top + 22, width: box.right - rightBegin }).parts,
      ...drawSteps(story, lostUpdateIn(story), { left: box.left, right: leftEnd, top: half }),
      ...drawTotals(story, { left: rightBegin, right: box.right, top: half + 6 }),
    ],
  }
}

/** The threads that use the ring buffer, and those that use the counter, where the story has such buffers. */
function usesIn(story: Story): { ring: Use[]; counters: Use[] } {
  const hasBuffer = story.steps.some(({ event }) => event.event === 'created' && event.kind === 'buffer')
  if (!hasBuffer) return { ring: [], counters: [] }
  const threads = story.lanes.filter(({ kind }) => kind === 'thread')
  const passing = (way: 'sent' | 'received') =>
    new Set(
      story.steps.flatMap(({ event, lane }) =>
        event.event === way || (event.event === 'tally' && event.direction === way) ? [lane] : [],
      ),
    )
  const [senders, receivers] = [passing('sent'), passing('received')]
  const uses = threads.slice(0, mostThreads).map((lane) => {
    const isCounter = !senders.has(lane) && !receivers.has(lane)
    return {
      lane,
      isCounter,
      writes: isCounter || senders.has(lane),
      reads: isCounter || receivers.has(lane),
    }
  })
  return {
    ring: uses.filter(({ isCounter }) => !isCounter),
    counters: uses.filter(({ isCounter }) => isCounter),
  }
}

/** The process as a frame around its threads, and below them the memory that they share. */
function drawProcess(story: Story, ring: Use[], counters: Use[]): string[] {
  const all = [...ring, ...counters]
  const [left, right] = [box.left, leftEnd]
  const step = (right - left - 20) / all.length
  const memory = { y: top + 132, height: 64 }
  const x = (at: number) => left + 14 + step * at
  const pid = all[0]?.lane.pid
  const shared = [
    { label: 'ring buffer', from: 0, to: ring.length },
    { label: 'counter', from: ring.length, to: all.length },
  ]
  return [
    element('rect', { x: left, y: top, width: right - left, height: 236, rx: 8, class: 'frame' }),
    textAt(left + 14, top + 24, `process ${pid}: one address space`, 'name'),
    ...all.flatMap(({ lane, writes, reads }, at) =>
      drawThread(story, lane, at, x(at), step - 12, top + 40, memory.y, writes, reads),
    ),
    ...shared.map(({ label, from, to }) => {
      const width = step * (to - from) - 12
      const rect = element('rect', { x: x(from), y: memory.y, width, height: 40, class: 'held' })
      return rect + textAt(x(from) + width / 2, memory.y + 26, fitted(label, width, 16), 'name', 'middle')
    }),
    textAt(
      left + 14,
      memory.y + memory.height + 22,
      'Shared memory: no thread needs a system call to read or write it.',
      '',
    ),
  ]
}

function drawThread(
  story: Story,
  { name, tid, born }: Lane,
  at: number,
  x: number,
  width: number,
  y: number,
  memory: number,
  writes: boolean,
  reads: boolean,
): string {
  const height = 48
  const [middle, foot] = [x + width / 2, y + height]
  const parts = [
    element('rect', { x, y, width, height, rx: 6, class: `region ${participant(at)}` }),
    textAt(middle, y + 20, fitted(name, width - 4, 14), 'small', 'middle'),
    textAt(middle, y + 39, fitted(`thread ${tid}`, width - 4, 14), 'small dim', 'middle'),
    writes ? drawArrow(middle - (reads ? 9 : 0), foot + 4, memory - 3) : '',
    reads ? drawArrow(middle + (writes ? 9 : 0), memory - 4, foot + 3) : '',
  ]
  return element('g', { 'data-thread': tid, ...when(story, born) }, parts.join(''))
}
