import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import type { Event, Fact, ProcessState } from '../../../src/events.js'
import { createTimeline } from '../../../src/views/timeline/index.js'

const run: Fact = {
  event: 'run',
  command: ['process', 'schedule'],
  version: '1.2.3',
  boot: '',
  wall: '2026-01-01T00:00:00.000Z',
  node: 'v20.0.0',
  kernel: 'linux 6',
}

/** An event of the supervisor at a time in milliseconds. */
function at(ms: number, fact: Fact): Event {
  return { v: 1, t: ms * 1000, pid: 1, tid: 1, actor: 'osdemo', ...fact }
}

function started(child: number, name: string): Event {
  return at(0, { event: 'started', child, name, kind: 'process' })
}

function state(ms: number, child: number, is: ProcessState): Event {
  return at(ms, { event: 'state', child, state: is, kernel: 'R', source: 'CLOCK_MONOTONIC' })
}

function show(events: Event[], width = 77, color: 0 | 1 = 0): string {
  const view = createTimeline({ color, width, hide: [] })
  return events.map((event) => view.event(event)).join('') + view.end()
}

/** Two children that take turns of 10 ms, for 590 ms. */
const turns = [
  at(0, run),
  started(11, 'child-1'),
  started(12, 'child-2'),
  ...Array.from({ length: 60 }, (_, index) => [
    state(index * 10, 11, index % 2 === 0 ? 'running' : 'ready'),
    state(index * 10, 12, index % 2 === 0 ? 'ready' : 'running'),
  ]).flat(),
]

/** The lines of a child in its chart. */
function lanes(text: string): string[] {
  return text.split('\n').filter((line) => /^child-\d +\d+ [█░▒·+TZ ]+$/.test(line))
}

describe('the chart of states', () => {
  test('has a lane for each child, and shows which ran when', () => {
    const [first, second] = lanes(show(turns)).map((line) => line.slice(17))
    // 590 ms in 59 columns: 10 ms each.
    expect(first).toBe('█░'.repeat(30).slice(0, 59))
    expect(second).toBe('░█'.repeat(30).slice(0, 59))
  })

  test('has the time of each child in each state, and the meaning of the symbols', () => {
    const text = show(turns)
    expect(text).toContain('states, 0.000 s to 0.590 s, 10 ms a column')
    expect(text).toMatch(/child-1 +11 running 300 ms, ready 290 ms\n/)
    expect(text).toMatch(/child-2 +12 ready 300 ms, running 290 ms\n/)
    expect(text).toContain('█ running   ░ ready')
    expect(text).not.toContain('zombie')
  })

  test('a column in which both take turns shows that', () => {
    const faster = turns.map((event) => (event.event === 'state' ? { ...event, t: event.t / 10 } : event))
    const slow = state(600, 11, 'waiting')
    const [first] = lanes(show([...faster, slow]))
    expect(first!.slice(17)).toMatch(/^▒{5}[▒░]░+·?$/)
  })

  test('a short state is shown as well', () => {
    const events = [
      ...turns.slice(0, 3),
      state(0, 11, 'running'),
      state(0, 12, 'waiting'),
      state(300, 11, 'zombie'),
      state(300.5, 11, 'gone'),
      state(600, 12, 'running'),
    ]
    const text = show(events)
    const [first, second] = lanes(text)
    expect(first!.slice(17)).toMatch(/^█{29,30}Z$/)
    expect(second!.slice(17)).toBe('·'.repeat(59))
    expect(text).toContain('zombie 0.5 ms')
  })

  test('a child that has exited has no state', () => {
    const end = at(300, {
      event: 'exited',
      child: 11,
      name: 'child-1',
      kind: 'process',
      code: 0,
      signal: null,
    })
    const events = [
      ...turns.slice(0, 3),
      state(0, 11, 'running'),
      state(0, 12, 'ready'),
      end,
      state(600, 12, 'running'),
    ]
    const text = show(events)
    expect(lanes(text)[0]!.slice(17)).toMatch(/^█{29,30}$/)
    expect(text).toMatch(/child-1 +11 running 300 ms\n/)
  })

  test('replaces most of the single lines when there are many, and counts them', () => {
    const lines = show(turns)
      .split('\n')
      .filter((line) => line.includes('◆'))
    // Each state of each child has one line.
    expect(lines).toHaveLength(4)
    expect(show(turns)).toContain('116 state changes shown only in this chart')
  })

  test('a change after a while has a line each time, with the duration of the state before', () => {
    const text = show([
      ...turns.slice(0, 3),
      state(0, 11, 'running'),
      state(10, 11, 'stopped'),
      state(210, 11, 'running'),
    ])
    expect(text).toContain('child-1       11 ◆ stopped after 10 ms of running (R,')
    expect(text).toContain('child-1       11 ◆ running after 200 ms of stopped')
    expect(text).not.toContain('in this chart only')
  })

  test('is not drawn for one child alone, nor for a single moment', () => {
    expect(show([at(0, run), state(0, 11, 'running'), state(9, 11, 'ready')])).not.toContain('a column')
    expect(show([at(0, run), state(0, 11, 'running'), state(0, 12, 'ready')])).not.toContain('a column')
  })

  test('is not drawn when no child was in two states that it could show', () => {
    const zombies = [11, 12].flatMap((child) => [
      state(child, child, 'zombie'),
      state(child + 5, child, 'zombie'),
      state(child * 90, child, 'gone'),
    ])
    const text = show([...turns.slice(0, 3), ...zombies])
    expect(text).not.toContain('a column')
    // No state is missing: one that is reported twice is no change.
    const lasting = show([...turns.slice(0, 3), ...zombies, state(2000, 11, 'new')])
    expect(lasting).toContain('a column')
    expect(lasting).not.toContain('in this chart only')
  })

  test('comes before the sum of the claims, and in a tour after each chapter', () => {
    const claim = at(600, { event: 'claim', text: 'it does', holds: true })
    const chapter = at(700, { ...run, command: ['process', 'switch'] })
    const text = show([...turns, claim, chapter, claim])
    expect(text.match(/a column/g)).toHaveLength(1)
    expect(text.indexOf('a column')).toBeLessThan(text.indexOf('── osdemo process switch'))
    const alone = show([...turns, claim])
    expect(alone.indexOf('a column')).toBeLessThan(alone.indexOf('1 of 1 claims hold.'))
  })

  test('shows the same with and without colour', () => {
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')
    const colored = show(turns, 80, 1)
    expect(colored).toMatch(escapes)
    expect(colored.replace(escapes, '').replace(/ +$/gm, '')).toBe(show(turns, 80).replace(/ +$/gm, ''))
  })

  test.each([60, 80, 200])('fits %i columns', (width) => {
    const lines = show(turns, width).split('\n').slice(3)
    expect(lines.length).toBeGreaterThan(4)
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width)
  })

  test('many changes take no more memory than fits, and are counted all the same', () => {
    const many = Array.from({ length: 30_000 }, (_, index) =>
      state(index, 11 + (index % 2), index % 4 < 2 ? 'running' : 'ready'),
    )
    expect(show([at(0, run), ...many])).toMatch(/29,?\d+ state changes/)
  })
})
