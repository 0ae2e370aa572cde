/** The tour, as the real program. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { chapters } from '../../src/commands/tour.js'
import type { Event } from '../../src/events.js'
import { isAlive } from '../../src/proc/stat.js'
import { disorders } from '../support/causes.js'
import { statements } from '../support/lecture.js'
import { withoutFfi } from '../support/no-ffi.js'
import {
  eventsSoFar,
  expectNothingLeft,
  invalidEvents,
  newPlace,
  parseEvents,
  placeOfNobody,
  playDemo,
  processesOf,
  unlistedClaims,
} from '../support/osdemo.js'
import { until } from '../support/until.js'

const demos = chapters.map(({ command }) => command)

/** The words of each `run` event, in order. */
function commandsOf(events: Event[]): string[] {
  return events.flatMap((event) => (event.event === 'run' ? [event.command.join(' ')] : []))
}

/** The events of each demo, from its `run` event on. */
function chaptersOf(events: Event[]): [command: string, events: Event[]][] {
  const starts = events.flatMap(({ event }, at) => (event === 'run' ? [at] : [])).slice(1)
  const parts = starts.map((at, index) => events.slice(at, starts[index + 1]))
  return parts.map((part) => [commandsOf(part)[0] ?? '', part])
}

/** The data of a note, where it is a record. */
function dataOf(event: Event): Record<string, unknown> {
  const data = event.event === 'note' ? event.data : undefined
  return typeof data === 'object' && !Array.isArray(data) ? data : {}
}

/** The demos that were played; on a slow machine the last ones are left out. */
function playedOf(events: Event[]): string[] {
  return demos.slice(0, commandsOf(events).length - 1)
}

/**
 * Of a whole tour: each demo in its order. A demo may be left out only because 17 seconds had passed before its turn, and
 * then a note names it. A machine too slow for a third of them is no machine to judge the tour on.
 */
function expectAllDemos(events: Event[]): void {
  const played = playedOf(events)
  expect(commandsOf(events).slice(1)).toEqual(played)
  const missed = demos.slice(played.length)
  if (missed.length === 0) return
  const note = events.find((event) => 'missed' in dataOf(event))!
  expect(note).toMatchObject({ actor: 'osdemo', role: 'next', data: { missed } })
  expect(note.t - events[0]!.t).toBeGreaterThan(17_000_000)
  expect(played.length).toBeGreaterThanOrEqual(demos.length / 3)
}

/** Whether an event is a note of the supervisor, in this role, and no question or answer. */
function isNote(event: Event, role: string): boolean {
  return event.event === 'note' && event.actor === 'osdemo' && event.role === role && event.data === undefined
}

/** A text without its line breaks and its marks. */
function wordsOf(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

/**
 * Claims that a busy machine, or one with one CPU or without /etc/services, may not show. Page frames need CAP_SYS_ADMIN, a
 * sandbox may refuse ptrace(2), and where the kernel has put a mapping just above the heap, malloc(3) uses another one.
 */
const seldom = [
  'memory/heap-grows-with-small-pieces',
  'process/new-has-executed-nothing',
  'process/new-process-is-ready-first',
  'process/exit-terminates-it',
  'zombie/killed-process-becomes-one',
  'scheduler/turns-do-not-overlap',
  'isolation/same-address-leads-to-different-pages',
  'isolation/text-is-in-memory-once',
  'scheduler/kernel-keeps-registers',
  'tcp/standard-services-have-well-known-ports',
  'scheduler/weights-predict-shares',
  'shm/plain-add-loses-updates',
  'pipe/long-writes-may-be-torn',
]

/** The pages, and the table at the end. */
function pagesOf(story: string): string[] {
  return story.split(/^── (?=Chapter|What)/m).slice(1)
}

function expectWords(page: string, note: Event | undefined): void {
  expect(wordsOf(page)).toContain(wordsOf(note?.event === 'note' ? note.text : 'a note'))
}

describe.runIf(process.platform === 'linux')('tour', () => {
  const runs = new Map<string, Promise<{ story: string; events: Event[] }>>()
  /** One run, as pages or with every line, for all tests that only look at what it printed. */
  function played(...options: string[]) {
    const key = options.join(' ')
    const run = runs.get(key) ?? play(options)
    runs.set(key, run)
    return run
  }

  async function play(options: string[]) {
    const place = newPlace()
    const file = join(place.folder, 'tour.ndjson')
    const run = place.osdemo(['tour', ...options, '--save', file])
    expect([await run.exit, run.stderr()]).toEqual([0, ''])
    expect([processesOf(place), place.leftovers()]).toEqual([[], []])
    const events = parseEvents(readFileSync(file, 'utf8'))
    expect(invalidEvents(events)).toEqual([])
    expect(disorders(events)).toEqual([])
    expect(events.at(-1)!.t - events[0]!.t).toBeLessThan(25_000_000)
    return { story: run.stdout(), events }
  }

  test('is a page for each chapter: at most 24 lines of 80 columns, with the prompt', async () => {
    const { story, events } = await played()
    expect(story).not.toContain('\u001b')
    const pages = pagesOf(story)
    const summary = pages.pop()!
    const heads = events.filter((event) => 'chapter' in dataOf(event))
    expect(pages.length).toBe(heads.length)
    for (const [index, page] of pages.entries()) {
      const lines = page.trimEnd().split('\n')
      expect(lines.filter((line) => stringWidth(line) > 80)).toEqual([])
      expect({ page, isHigh: lines.length > 23 }).toEqual({ page, isHigh: false })
      const [command, chapter] = chaptersOf(events)[index]!
      expect(lines[0]).toMatch(`Chapter ${index + 1} of ${demos.length}: ${chapters[index]!.title} ─`)
      expect(lines.at(-1)).toBe(`Full demo: osdemo ${command}`)
      // The demo says what it means, and the page has that.
      expectWords(
        page,
        chapter.find((event) => isNote(event, 'opening')),
      )
      expectWords(
        page,
        chapter.findLast((event) => isNote(event, 'closing')),
      )
      expect(page).toContain('✔')
    }
    expect(summary).toMatch(/^(\d+) of \1 claims hold\.$/m)
  })

  test('shows on a page the claims at the heart of its chapter', async () => {
    const { story, events } = await played()
    const pages = pagesOf(story)
    for (const [index, [command, chapter]] of chaptersOf(events).entries()) {
      const { heart, picture } = chapters[index]!
      const claims = chapter.flatMap((event) => (event.event === 'claim' ? [event] : []))
      const shown = claims.filter(({ text }) => wordsOf(pages[index]!).includes(wordsOf(text)))
      for (const { id } of shown) expect(heart).toContain(id)
      // A picture takes the room of some claims.
      const expected = picture ? 1 : 3
      if (picture !== 'table')
        expect({ command, shown: shown.length >= expected }).toEqual({ command, shown: true })
      // What could not be observed has an aside with the reason.
      const made = chapter.flatMap((event) => (event.event === 'claim' ? [event.id] : []))
      const missing = heart.filter((id) => !made.includes(id) && !seldom.includes(id))
      if (!chapter.some((event) => isNote(event, 'aside')))
        expect({ command, missing }).toEqual({ command, missing: [] })
    }
  })

  test('sums up what was shown, a row for each topic', async () => {
    const { events } = await played()
    const rows = events.filter((event) => 'held' in dataOf(event)).map(dataOf)
    const topics = [...new Set(chapters.map(({ topic }) => topic))]
    expect(rows.map(({ topic }) => topic)).toEqual(topics.slice(0, rows.length))
    const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0)
    const claims = events.filter(({ event }) => event === 'claim').length
    expect([sum('claims'), sum('held')]).toEqual([claims, claims])
  })

  test('--full ends in less than 25 seconds with a table of all claims, in 80 columns', async () => {
    const { story, events } = await played('--full')
    const lines = story.trimEnd().split('\n')
    expect(lines.filter((line) => stringWidth(line) > 80)).toEqual([])
    expect(story).not.toContain('\u001b')
    const [, holding, claims] = /^(\d+) of (\d+) claims hold\.$/.exec(lines.at(-1)!)!
    expect(holding).toBe(claims)
    const marked = (from: string[]) => from.filter((line) => line.includes('✔')).length
    // The table is behind the last empty line but one; before it, each claim has a line in the story.
    const table = lines.slice(lines.lastIndexOf('', lines.lastIndexOf('') - 1) + 1, lines.lastIndexOf(''))
    expect(marked(table)).toBe(Number(claims))
    expect(marked(lines)).toBe(2 * Number(claims))
    const named = table.flatMap((line) => /^(\w.*?) +✔/.exec(line)?.[1] ?? [])
    expect(named).toEqual(playedOf(events))
  })

  test('announces each chapter, which has an opening, claims of its own, and a closing', async () => {
    const { events } = await played()
    expectAllDemos(events)
    for (const [index, [, chapter]] of chaptersOf(events).entries()) {
      const { topic, title } = chapters[index]!
      const data = { chapter: index + 1, chapters: demos.length, topic, title }
      expect(chapter[1]).toMatchObject({ event: 'note', data })
      const notes = chapter.filter((event) => event.event === 'note' && event.actor === 'osdemo')
      for (const role of ['opening', 'closing', 'next']) {
        const found = notes.some((event) => isNote(event, role))
        expect([demos[index], role, found]).toEqual([demos[index], role, true])
      }
      for (const kind of ['started', 'evidence', 'claim', 'exited']) {
        expect(chapter.map(({ event }) => event)).toContain(kind)
      }
      const childrenIn = (is: (event: Event) => boolean) => [
        ...new Set(chapter.flatMap((event) => ('child' in event && is(event) ? [event.child] : []))),
      ]
      const ended = childrenIn(({ event }) => event === 'exited')
      // osdemo does not reap a process that is not its child: there is no `exited`, but the states zombie and gone.
      const seenEnding = childrenIn((event) => event.event === 'state' && /zombie|gone/.test(event.state))
      for (const child of childrenIn(({ event }) => event === 'started'))
        expect([...ended, ...seenEnding]).toContain(child)
    }
  })

  test('claims only what the list of claims has for the demo', async () => {
    const { events } = await played()
    expect(unlistedClaims(events)).toEqual([])
    const ids = events.flatMap((event) => (event.event === 'claim' ? [event.id] : []))
    expect(new Set(ids).size).toBeGreaterThan(60)
  })

  test('has its events in the order of their clock, but for those that come more than 20 ms late', async () => {
    const { events } = await played()
    // A message is reported when the call has returned, with the time at which the call began. The supervisor puts it in order,
    // unless the call took more than 20 ms.
    const atOnce = events.filter(({ event }) => event !== 'sent')
    for (const tid of new Set(atOnce.map((event) => event.tid))) {
      const own = atOnce.filter((event) => event.tid === tid).map(({ t }) => t)
      // The supervisor puts in order what an actor reports later, with the times at which it happened.
      if (!events.some((event) => event.tid === tid && event.event === 'state'))
        expect(own).toEqual(own.toSorted((a, b) => a - b))
    }
    const late = events.filter(({ t }, at) => t < (events[at - 1]?.t ?? 0))
    expect(late.length).toBeLessThan(events.length / 50)
  })

  test('can be had by any user, on one CPU', async (context) => {
    const { place, options } = placeOfNobody(context)
    const prefix = ['taskset', '-c', '0', ...options.prefix]
    const events = await playDemo(['tour'], { prefix }, place)
    expect(commandsOf(events)[0]).toBe('tour --json')
    expectAllDemos(events)
  })

  test('where there is no FFI, passes over what needs it, whether the demo or an actor says so', async () => {
    const place = newPlace()
    const env = withoutFfi()
    for (const words of [
      ['pipe', 'capacity'],
      ['shm', 'demo'],
    ]) {
      const alone = place.osdemo(words, { env })
      expect([words, await alone.exit, alone.stderr()]).toEqual([words, 69, expect.stringContaining('koffi')])
    }
    const events = await playDemo(['tour'], { env }, place)
    expectAllDemos(events)
    const lacking = new Set(['pipe capacity', 'queue', 'queue matrix', 'shm demo', 'shm race', 'shm ring'])
    for (const [command, chapter] of chaptersOf(events)) {
      const claims = chapter.filter(({ event }) => event === 'claim').length
      const notHere = chapter.some(
        (event) => dataOf(event).unavailable === command && JSON.stringify(event).includes('koffi'),
      )
      expect([command, claims > 0, notHere]).toEqual([command, !notHere, notHere])
      if (lacking.has(command)) expect([command, notHere]).toEqual([command, true])
    }
  })

  test('and other runs show every statement of docs/lecture.md', async () => {
    const { events } = await played()
    const shown = new Map(chaptersOf(events))
    const unavailable = events.flatMap((event) => dataOf(event).unavailable ?? [])
    const possible = statements().filter(
      ({ command: [topic, member] }) => !unavailable.includes(`${topic} ${member}`),
    )
    // Runs with options are no chapters, and on a slow machine the tour leaves out its last chapters.
    const missed = new Set(
      possible.map(({ command }) => command.join(' ')).filter((line) => !shown.has(line)),
    )
    const plays = [...missed].map(async (line) => shown.set(line, await playDemo(line.split(' '))))
    await Promise.all(plays)
    const lacking = possible.flatMap(({ text, command, claims }) => {
      // Each command was played above.
      const run = shown.get(command.join(' '))!
      const made = run.flatMap((event) => (event.event === 'claim' ? [event] : []))
      expect(made.filter(({ holds }) => !holds)).toEqual([])
      const hasAside = run.some((event) => isNote(event, 'aside'))
      const isShown = (id: string) =>
        made.some((claim) => claim.id === id) || (hasAside && seldom.includes(id))
      return claims.filter((ids) => !ids.some(isShown)).map((ids) => `${text} ${ids.join(' or ')}`)
    })
    expect(lacking).toEqual([])
  })

  test.each<[string, string, (event: Event) => boolean]>([
    ['tour', 'shows the memory of a process', ({ event }) => event === 'evidence'],
    // The chapter after it takes longer than SIGINT needs to arrive.
    [
      'tour zombie race --predict',
      'has a zombie',
      (event) => event.event === 'state' && event.state === 'zombie',
    ],
    ['tour', 'has children that compute', (event) => event.event === 'call' && event.call === 'compute'],
    ['pipe demo', 'has made a FIFO', (event) => event.event === 'created' && event.kind === 'fifo'],
    ['pipe demo', 'has an actor held in open(2)', (event) => event.event === 'call' && event.call === 'open'],
    ['pipe demo', 'has a message in the FIFO', ({ event }) => event === 'sent'],
    [
      'tcp-echo demo',
      'has a server listening',
      (event) => event.event === 'created' && event.port !== undefined,
    ],
    [
      'shm threads --times 100000000',
      'starts threads that count',
      (event) => event.event === 'created' && event.id.includes('counter'),
    ],
  ])('%s leaves nothing behind by SIGINT when it %s', async (command, _, matches) => {
    const place = newPlace()
    const run = place.osdemo([...command.split(' '), '--json'])
    await until(() => eventsSoFar(run).some(matches))
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
    expect(eventsSoFar(run).at(-1)).toMatchObject({ event: 'error', exit: 130 })
    expect(run.stderr()).toBe('')
    expect([isAlive(run.pid), processesOf(place)]).toEqual([false, []])
    expectNothingLeft(place)
  })
})
