/** The tour as pages, from events that no machine has produced. */
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import type { Data, Event, Fact, NoteRole } from '../../../src/events.js'
import { createPages } from '../../../src/views/pages/index.js'

let t = 0
const event = (fact: Fact, actor = 'osdemo'): Event => ({ v: 1, t: ++t, pid: 7, tid: 7, actor, ...fact })
const note = (text: string, role: NoteRole, data?: Data) =>
  event({ event: 'note', text, role, ...(data !== undefined && { data }) })
const claim = (id: `${string}/${string}`, text: string, holds = true) =>
  event({ event: 'claim', id, text, holds })
const evidence = (value: string) => event({ event: 'evidence', source: '/proc/7/status', value, about: '' })

const heart = ['a/one', 'a/two', 'a/three']
const begin = (more: Record<string, string | string[] | null> = {}) =>
  note('Chapter 1 of 2: a title', 'step', { chapter: 1, heart, picture: null, ...more })
const end = (pauses = false) => note('Full demo: osdemo process zombie', 'next', { ends: 1, pauses })

/** What the view prints, and what it prints at the end. */
function show(events: Event[], height = 24): string {
  const view = createPages({ color: 0, width: 80, height })
  return events.map((each) => view.event(each)).join('') + view.end()
}

/** A sentence of so many words. */
const words = (count: number) => `${'words '.repeat(count - 1)}end.`

describe('a page', () => {
  test('has heading, opening, claims of the heart with their evidence, closing and command', () => {
    const page = show([
      begin(),
      note('The idea.', 'opening'),
      note('A step.', 'step'),
      evidence('State: Z'),
      claim('a/one', 'One.'),
      claim('a/other', 'Not in the heart.'),
      claim('a/two', 'Two.'),
      note('What it means.', 'closing'),
      note('Try this.', 'next'),
      end(),
    ])
    expect(page.split('\n').slice(1)).toEqual([
      'The idea.',
      '',
      '✔ One.',
      '    /proc/7/status: State: Z',
      '✔ Two.',
      '',
      'Remember: What it means.',
      'Full demo: osdemo process zombie',
      '',
    ])
  })

  test.each([1, 10, 20, 60])('fits into 24 lines with the prompt, with sentences of %d words', (count) => {
    const claims = heart.flatMap((id) => [
      evidence(words(count)),
      evidence(words(3)),
      claim(id as 'a/one', words(count)),
    ])
    const page = show([
      begin(),
      note(words(count), 'opening'),
      ...claims,
      ...claims,
      note(`Closing ${words(count)}`, 'closing'),
      end(),
    ])
    const lines = page.trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(23)
    expect(lines.filter((line) => stringWidth(line) > 80)).toEqual([])
    // These are never cut off.
    expect(page).toContain('Remember: Closing')
    expect(lines.at(-1)).toBe('Full demo: osdemo process zombie')
  })

  test('uses a higher screen for more evidence', () => {
    const claims = heart.flatMap((id) => [
      ...[1, 2].map((n) => evidence(`${n} ${words(20)}`)),
      claim(id as 'a/one', words(30)),
    ])
    const lines = (height: number) =>
      show([begin(), ...claims, end()], height)
        .trimEnd()
        .split('\n').length
    expect(lines(24)).toBeLessThanOrEqual(23)
    expect(lines(50)).toBeGreaterThan(lines(24))
    expect(lines(10)).toBe(lines(24))
  })

  test('shows a claim that failed, whatever its id, and keeps it when there is no room', () => {
    const many = Array.from({ length: 30 }, () => claim('a/one', words(20)))
    const page = show([begin(), ...many, claim('a/other', 'It failed.', false), end()])
    expect(page).toContain('✘ It failed.')
  })

  test('says why a claim of its heart was not observed', () => {
    const aside = note('Not observed: this machine has one CPU.', 'aside')
    expect(show([begin(), aside, claim('a/one', 'One.'), end()])).toContain('one CPU')
    const all = heart.map((id) => claim(id as 'a/one', 'It holds.'))
    expect(show([begin(), aside, ...all, end()])).not.toContain('one CPU')
  })

  test('does not take what an actor sums up for the meaning', () => {
    const sum = event({ event: 'note', text: 'Received 10 messages.', role: 'closing' }, 'reader')
    expect(show([begin(), note('What it means.', 'closing'), sum, end()])).toContain(
      'Remember: What it means.',
    )
  })

  test('draws what is mapped between heap and stack as one region', () => {
    const region = (part: string, from: string, to: string) =>
      event({
        event: 'evidence',
        source: '/proc/7/smaps',
        value: '',
        about: part,
        region: { part, from, to, bytes: 4096, resident: 4096, permissions: 'r--p', mappings: 1 },
      })
    const page = show([
      begin({ picture: 'memory' }),
      region('stack', '7ffe00000000', '7ffe00001000'),
      region('library', '7f0000002000', '7f0000003000'),
      region('anonymous', '7f0000001000', '7f0000002000'),
      region('mapped file', '7f0000000000', '7f0000001000'),
      region('heap', '550000000000', '550000001000'),
      end(),
    ])
    expect(page).toMatch(/7f0000000000-7f0000003000 │ mapped files +×3 │ +12 KiB/)
    expect(page.match(/free/g)?.length).toBe(2)
  })
})

describe('a tree of processes', () => {
  const processes = (...pids: [pid: number, ppid: number][]) =>
    pids.map(([pid, ppid]) =>
      event({
        event: 'evidence',
        source: `/proc/${pid}`,
        value: '',
        about: '',
        data: { pid, ppid, comm: 'sh', state: 'S' },
      }),
    )
  const tree = (...pids: [number, number][]) => {
    const page = show([begin({ picture: 'tree' }), ...processes(...pids), end()])
    return page.split('\n').filter((line) => line.includes('sh (S)') || line.includes('more'))
  }

  test('is drawn from the root down, each process once', () => {
    expect(tree([30, 20], [20, 1], [1, 0], [30, 20], [31, 30], [32, 30], [33, 32])).toEqual([
      '1 sh (S)',
      '└─ 20 sh (S)',
      '   └─ 30 sh (S)',
      '      ├─ 31 sh (S)',
      '      └─ 32 sh (S)',
      '         └─ 33 sh (S)',
    ])
  })

  test('leaves out ancestors when there are many, but neither the first nor the last', () => {
    const lines = tree(...Array.from({ length: 20 }, (_, at): [number, number] => [at + 1, at]))
    expect(lines.length).toBe(11)
    expect(lines[0]).toBe('1 sh (S)')
    expect(lines[1]).toContain('10 more')
    expect(lines.at(-1)).toContain('20 sh (S)')
  })

  test('of a recording in which processes are parents of each other is drawn all the same', () => {
    expect(tree([1, 0], [2, 2], [3, 4], [4, 3])).toEqual(['1 sh (S)'])
  })
})

describe('a person', () => {
  test('is asked for Enter after a page, and the next page begins on a line of its own', () => {
    const text = show([begin(), end(true), begin(), end()])
    expect(text.match(/Press Enter[^\n]*quit\. ── Chapter/g)?.length).toBe(1)
    expect(show([begin(), end(), begin(), end()])).toMatch(/zombie\n\n── Chapter/)
  })

  test('sees the questions below the heading of their chapter, which is shown once', () => {
    const view = createPages({ color: 0, width: 80, height: 24 })
    view.event(begin())
    const ask = (id: string) =>
      view.event(note('Which?', 'opening', { question: id, choices: ['This.', 'That.'] }))
    expect(ask('one')).toMatch(/^── Chapter 1 of 2: a title ─+\nWhich\?\n {2}a\) This\.\n {2}b\) That\.\n$/)
    expect(view.event(note('Type a or b.', 'next', { waits: 'one' }))).toBe('Type a or b. ')
    expect(ask('two')).toMatch(/^\nWhich\?\n/)
  })

  test('gets a new line after an interrupted prompt, and no page that is not finished', () => {
    const view = createPages({ color: 0, width: 80, height: 24 })
    view.event(begin())
    view.event(end(true))
    view.event(begin())
    view.event(claim('a/one', 'One.'))
    expect(view.event(event({ event: 'error', exit: 130, message: 'interrupted' }))).toBe('\n')
    expect(view.end()).toBe('')
  })

  test('sees how far a chapter came whose run failed', () => {
    const failed = event({ event: 'error', exit: 1, message: 'failed' })
    expect(show([begin(), claim('a/one', 'One.', false), failed])).toContain('✘ One.')
  })
})

test('the table at the end has a row for each topic, and counts the claims', () => {
  const row = (topic: string, held: number) =>
    note('', 'closing', { topic, shown: ['a title', 'another one'], claims: 4, held })
  const text = show([row('pipes', 4), row('sockets', 3)])
  expect(text).toMatch(/^pipes +a title, another one +4 of 4$/m)
  expect(text).toMatch(/^sockets +a title, another one +3 of 4$/m)
  expect(text).toContain('7 of 8 claims hold.')
})

test('what stands outside of any chapter is a paragraph', () => {
  const text = show([note(words(30), 'next')])
  expect(text.trimEnd().split('\n').length).toBeGreaterThan(1)
})
