import { describe, expect, test } from 'vitest'
import type { Event, Fact, NoteRole } from '../../../src/events.js'
import { createProse, type Level } from '../../../src/views/prose/index.js'
import { run } from '../../support/stories.js'

const note = (text: string, role: NoteRole): Fact => ({ event: 'note', text, role })
const claim = (text: string, holds: boolean): Fact => ({ event: 'claim', id: 'a/b', text, holds })

const story: Fact[] = [
  run,
  note('The idea.', 'opening'),
  { event: 'started', child: 7, name: 'reader', kind: 'process' },
  note('A step.', 'step'),
  { event: 'evidence', source: '/proc/7/status', value: 'State: Z (zombie)', about: '' },
  { event: 'evidence', source: '/proc/7/stat', value: '42', about: 'the exit code' },
  claim('It held.', true),
  claim('It did not hold.', false),
  note('Not observed: why.', 'aside'),
  note('The meaning.', 'closing'),
  note('Next: osdemo tour', 'next'),
]

function show(level: Level, facts: Fact[], width = 80): string {
  const view = createProse({ level, color: 0, width })
  const events = facts.map((fact, t): Event => ({ v: 1, t, pid: 7, tid: 7, actor: 'osdemo', ...fact }))
  return events.map((event) => view.event(event)).join('') + view.end()
}

test('a tool shows results, what to type next, and claims that failed', () => {
  expect(show('tool', story)).toBe('claim failed: It did not hold.\nThe meaning.\nNext: osdemo tour\n')
})

test('a tool does not wrap a line, which may have a command to paste', () => {
  const line = `In another terminal: osdemo pipe write --path ${'p'.repeat(100)}`
  expect(show('tool', [note(line, 'next')])).toBe(`${line}\n`)
})

test('brief is the idea, what was not observed, the claims, and what they mean', () => {
  expect(show('brief', story)).toBe(
    'osdemo pipe demo\n\nThe idea.\n\n✔ It held.\n✘ It did not hold.\nNot observed: why.\n\nThe meaning.\n\nNext: osdemo tour\n\n1 of 2 claims hold.\n',
  )
})

test('brief has the meaning that the demo gives, and not what an actor reports at its end', () => {
  const view = createProse({ level: 'brief', color: 0, width: 80 })
  const event: Event = { v: 1, t: 0, pid: 8, tid: 8, actor: 'server', ...note('It stopped.', 'closing') }
  expect(view.event(event)).toBe('')
})

test('a document has its evidence too, as source and content', () => {
  const text = show('document', story)
  expect(text).toContain(
    'A step.\n    /proc/7/status: State: Z (zombie)\n    /proc/7/stat: 42 (the exit code)\n',
  )
  expect(text).not.toContain('claims hold')
  expect(text).not.toContain('reader')
})

describe('rows', () => {
  const row = (a: string, b: string): Fact => ({
    event: 'note',
    text: `${a} ${b}`,
    role: 'step',
    row: { table: 'Works', cells: { NAME: a, RESULT: b } },
  })

  test('of consecutive notes are drawn as one table', () => {
    const text = show('document', [row('pipe', 'yes'), row('shm', 'no'), note('Text.', 'step')])
    expect(text).toBe('Works\n  NAME  RESULT\n  pipe  yes\n  shm   no\n\nText.\n')
  })

  test('that are too wide for the terminal are shown as their text', () => {
    expect(show('document', [row('p'.repeat(50), 'y'.repeat(20))], 60)).toContain(
      `${'p'.repeat(50)}\nyyyyyyyyy`,
    )
  })

  test('of claims have their marks', () => {
    const claimed: Fact = { ...claim('It held.', true), row: { table: 'T', cells: { A: '1' } } } as Fact
    const text = show('brief', [claimed, note('Meaning.', 'closing'), note('Next: x', 'next')])
    // Last, so that it is on the screen when the run is over.
    expect(text).toContain('Meaning.\n\nNext: x\n\nT\n  A\n✔ 1\n\n1 of 1 claims hold')
  })
})

test('no line is wider than the terminal', () => {
  const long = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ')
  const facts = story.map((fact) => ('text' in fact ? { ...fact, text: long } : fact)) as Fact[]
  for (const level of ['brief', 'document'] as const) {
    for (const line of show(level, facts, 60).split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  }
})
