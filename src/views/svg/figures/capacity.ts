/**
 * The pages of a pipe, each time the kernel was asked how many bytes it holds. A small write shares the last page if it fits, and a
 * page is free when all of it was read. Pages are drawn only where their sum is what the kernel reported.
 */
import { numberIn } from '../../../events.js'
import { counted, sumOf, thousands } from '../../../text.js'
import type { Claim, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, mostClaims, when, writeClaim } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

interface Page {
  /** The bytes of the page that were read, and those that were written. */
  read: number
  written: number
}

/** What was done since the last look, and what the kernel then reported. */
interface Look {
  t: number
  writes: { count: number; bytes: number }
  taken: number
  /** A write after them that failed. */
  errno?: string
  /** How long a write blocked, in microseconds. */
  blocked: number
  held: number
  pages: Page[]
  claim?: Claim
}

interface Pipe {
  page: number
  capacity: number
  looks: Look[]
}

/** More pages or looks than this have no room. */
const most = { pages: 64, looks: 8, writes: 200_000 }

const cells = { left: box.left + 300, width: 440 }
const claimLeft = box.left + 800

export const drawCapacity: Draw = (story) => {
  const pipe = pipeOf(story)
  if (!pipe) return undefined
  const { page, capacity, looks } = pipe
  const count = Math.round(capacity / page)
  const height = (box.bottom - box.top - 34) / looks.length
  const rows = looks.map((look, at) => drawLook(story, pipe, look, box.top + 30 + at * height))
  return {
    see: `A pipe is a ring of ${counted(count, 'page')}. It is full when every page is in use, even where pages have room.`,
    parts: [
      textAt(cells.left, box.top + 12, `the pages of the pipe, ${thousands(page)} bytes each`, 'small dim'),
      textAt(box.left, box.top + 12, 'what happens', 'small dim'),
      ...rows,
      ...drawKey(box.bottom - 2),
    ],
    claims: looks.flatMap(({ claim }) => claim ?? []),
  }
}

function pipeOf(story: Story): Pipe | undefined {
  const { steps, claims, holds } = story
  const told = (source: string) => {
    const step = steps.find(({ event }) => event.event === 'evidence' && event.source === source)
    return step?.event.event === 'evidence' ? numberIn(step.event.data) : undefined
  }
  const [page = 0, capacity = 0] = [told('getpagesize(2)'), told('fcntl F_GETPIPE_SZ')]
  if (page < 1 || capacity < page || capacity / page > most.pages) return undefined
  if (claimsOf(story, ['pipe/holds-its-capacity']).length === 0) return undefined
  const looks: Look[] = []
  let next = emptyLook()
  let [sizes, pages]: [number[], Page[]] = [[], []]
  const shown = new Set<string | undefined>()
  let number = 0
  for (const { event } of steps) {
    if (event.event === 'claim') {
      const claim = claims[number]
      number++
      const last = looks.at(-1)
      // Each idea once.
      if (last && claim && !last.claim && !shown.has(claim.id) && shown.size < mostClaims) {
        last.claim = claim
        shown.add(claim.id)
      }
    }
    if (event.event === 'tally' && event.direction === 'received') next.taken = sumOf(next.taken, event.bytes)
    if (event.event === 'tally' && event.direction === 'sent') {
      if (event.messages < 1 || event.messages > most.writes) return undefined
      next.writes = { count: event.messages, bytes: event.bytes }
      sizes = Array.from({ length: event.messages }, () => event.bytes / event.messages)
    }
    if (event.event === 'sent') {
      next.writes = { count: 1, bytes: event.bytes }
      sizes = [event.bytes]
    }
    if (event.event === 'call' && event.call === 'write' && event.errno) next.errno = event.errno
    if (event.event !== 'evidence' || event.source !== 'ioctl FIONREAD') continue
    const held = numberIn(event.data)
    if (held === undefined) continue
    const from = looks.at(-1)?.t ?? story.start
    const waits = holds.filter(
      ({ first, begin, end }) => first.call === 'write' && begin >= from && end <= event.t,
    )
    pages = written(taken(pages, next.taken), sizes, page)
    const blocked = waits.reduce((sum, { begin, end }) => sum + end - begin, 0)
    looks.push({ ...next, t: event.t, held, pages, blocked })
    next = emptyLook()
    sizes = []
  }
  return looks.length > 0 && looks.length <= most.looks ? { page, capacity, looks } : undefined
}

function emptyLook(): Omit<Look, 't' | 'held' | 'pages'> {
  return { writes: { count: 0, bytes: 0 }, taken: 0, blocked: 0 }
}

/** The pages that stay when the first `bytes` are read. */
function taken(pages: readonly Page[], bytes: number): Page[] {
  let rest = bytes
  return pages.flatMap(({ read, written }) => {
    const now = Math.min(rest, written - read)
    rest -= now
    return read + now < written ? [{ read: read + now, written }] : []
  })
}

/** The pages after writes of these sizes: each shares the last page, where it fits. */
function written(before: readonly Page[], sizes: readonly number[], page: number): Page[] {
  const pages = before.map((one) => ({ ...one }))
  for (const size of sizes) {
    const last = pages.at(-1)
    if (last && last.written + size <= page) last.written += size
    else pages.push({ read: 0, written: size })
  }
  return pages
}

function drawLook(story: Story, { page, capacity }: Pipe, look: Look, y: number): string {
  const { t, held, pages, errno, claim } = look
  const count = Math.round(capacity / page)
  const width = cells.width / count
  const isKnown =
    pages.length <= count && pages.reduce((sum, { read, written }) => sum + written - read, 0) === held
  const drawn = Array.from({ length: count }, (_, at) => {
    const x = cells.left + at * width
    const { read, written } = (isKnown ? pages[at] : undefined) ?? { read: 0, written: 0 }
    const scale = (bytes: number) => (bytes > 0 ? Math.max((bytes / page) * (width - 3), 3) : 0)
    return [
      element('rect', { x: x + 1, y, width: width - 3, height: 26, class: 'new' }),
      element('rect', { x: x + 1, y, width: scale(written), height: 26, class: 'one' }),
      ...(read > 0 ? [element('rect', { x: x + 1, y, width: scale(read), height: 26, class: 'ready' })] : []),
    ].join('')
  })
  const whole = element('rect', {
    x: cells.left,
    y,
    width: cells.width * Math.max(0, Math.min(1, held / capacity)),
    height: 26,
    class: 'one',
  })
  const [first, second] = wordsOf(look)
  const state = `FIONREAD: ${counted(held, 'byte')}`
  const row = element(
    'g',
    when(story, t),
    [
      textAt(box.left, y + 12, fitted(first, 290, 15), ''),
      textAt(box.left, y + 31, fitted(second, 300, 14), 'small dim'),
      ...(isKnown ? drawn : [whole]),
      textAt(cells.left, y + 42, state, 'small dim'),
      errno
        ? textAt(cells.left + cells.width, y + 42, `the next write fails: ${errno}`, 'small bad', 'end')
        : '',
    ].join(''),
  )
  if (!claim) return row
  return (
    row + writeClaim(story, claim, { x: claimLeft, y: y + 10, width: box.right - claimLeft, lines: 3 }).part
  )
}

/** What happened before a look, in two lines. */
function wordsOf({ writes: { count, bytes }, taken, blocked }: Look): [string, string] {
  const wrote =
    count > 0 ? `${counted(count, 'write')} of ${counted(Math.round(bytes / count), 'byte')}` : 'no byte fits'
  const how = blocked > 0 ? 'blocked until' : 'after'
  return [wrote, taken > 0 ? `${how} a read of ${counted(taken, 'byte')}` : '']
}

function drawKey(y: number): string[] {
  const x = cells.left
  return [
    element('rect', { x, y: y - 12, width: 16, height: 13, class: 'one' }),
    textAt(x + 22, y, 'written', 'small dim'),
    element('rect', { x: x + 100, y: y - 12, width: 16, height: 13, class: 'ready' }),
    textAt(x + 122, y, 'read, but the page is in use', 'small dim'),
    element('rect', { x: x + 345, y: y - 12, width: 16, height: 13, class: 'new' }),
    textAt(x + 367, y, 'unused', 'small dim'),
  ]
}
