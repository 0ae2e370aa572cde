/** The lines of a diagram. `pictures.test.ts` shows that Mermaid draws them. */
import { expect, test } from 'vitest'
import type { Event, Fact } from '../../../src/events.js'
import { pictures } from '../../../src/views/pictures.js'
import {
  createTeller,
  exited,
  harmful,
  longStory,
  received,
  run,
  sent,
  started,
  statesOf,
  storyOf,
} from '../../support/stories.js'

function draw(events: Event[]): string {
  const view = pictures.mermaid()
  return events.map((event) => view.event(event)).join('') + view.end()
}

const linesOf = (events: Event[]) =>
  draw(events)
    .split('\n')
    .map((line) => line.trim())

test('the supervisor is no participant, blocking is activation, messages are arrows and lost ones crossed', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'reader'))
  say('osdemo', 1, started(3, 'writer'))
  say('reader', 2, { event: 'call', phase: 'begin', call: 'open', object: 'FIFO p' })
  say('reader', 2, { event: 'call', phase: 'end', call: 'open', object: 'FIFO p', result: 3 }, 200_000)
  for (const seq of [0, 1]) say('writer', 3, sent('p', seq, `Message ${seq}`))
  say('reader', 2, received('p', 0, 'Message 0'))
  say('osdemo', 1, exited(3, 'writer'))
  expect(linesOf(events)).toEqual([
    'sequenceDiagram',
    'title: osdemo pipe demo',
    'participant p1 as reader 2',
    'participant p2 as writer 3',
    'Note over p1,p2: osdemo 1.2.3, Node v20.0.0, linux 6',
    'activate p1',
    'Note over p1: open FIFO p',
    'Note over p1: open returned 3 after 200 ms',
    'deactivate p1',
    'p2->>p1: Message 0 (9 bytes)',
    'p2-xp1: Message 1 (9 bytes), not received',
    'Note over p2: exited with code 0',
    '',
  ])
})

test('a process that another participant starts comes and goes', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'shell'))
  say('shell', 2, started(3, 'child'))
  say('shell', 2, exited(3, 'child', 'SIGKILL'))
  expect(linesOf(events)).toEqual(
    expect.arrayContaining([
      'participant p1 as shell 2',
      'create participant p2 as child 3',
      'p1->>p2: starts',
      'destroy p2',
      'p2-->>p1: killed by SIGKILL',
    ]),
  )
})

test('a channel that holds messages is a participant, and a rendezvous is none', () => {
  const draws = (capacity: number) => {
    const { events, say } = createTeller()
    const depth = (after: number) => ({ before: 0, after, capacity, unit: 'messages', source: 'x' }) as const
    say('osdemo', 1, run)
    say('osdemo', 1, started(2, 'sender'))
    say('osdemo', 1, started(3, 'receiver'))
    say('osdemo', 1, { event: 'created', kind: 'queue', id: '/q' })
    say('sender', 2, { ...sent('/q', 0, 'one'), depth: depth(1) } as Fact)
    say('receiver', 3, { ...received('/q', 0, 'one'), depth: depth(0) } as Fact)
    say('sender', 2, { ...sent('/q', 1, 'two'), depth: depth(1) } as Fact)
    return linesOf(events)
  }
  const queue = draws(4)
  expect(queue.filter((line) => line.startsWith('participant'))).toEqual([
    'participant p1 as s#101;nder 2',
    'participant c0 as queue q',
    'participant p2 as receiver 3',
  ])
  expect(queue.filter((line) => line.includes('>>'))).toEqual([
    'p1->>c0: one (3 bytes), then 1 of 4 in it',
    'c0-->>p2: one (3 bytes), then 0 of 4 in it',
    'p1->>c0: two (3 bytes), then 1 of 4 in it,<br/>not received',
  ])
  expect(draws(0)).toContain('p1->>p2: one (3 bytes)')
  expect(draws(0).join('\n')).not.toContain('c0')
})

test('the states of a process are a state diagram, with how often and how long', () => {
  const lines = linesOf(statesOf('child'))
  expect(lines[0]).toBe('stateDiagram-v2')
  expect(lines.filter((line) => line.includes('-->'))).toEqual([
    '[*] --> p1_new',
    'p1_new --> p1_ready: once, after 10 ms',
    'p1_ready --> p1_running: 2 times, each after about 10 ms',
    'p1_running --> p1_waiting: once, after 10 ms',
    'p1_waiting --> p1_ready: once, after 10 ms',
    'p1_running --> p1_zombie: once, after 10 ms',
    'p1_zombie --> [*]: once, after 10 ms',
  ])
  expect(lines).toContain('p1_ready: 20 ms in 2 stays')
})

test('a diagram has at most 60 arrows and notes, and the last note sums up the others', () => {
  const lines = linesOf(longStory())
  const steps = lines.filter((line) => /^(Note|\w+-+(x|\)|>>))/.test(line))
  expect(steps.length).toBeLessThanOrEqual(60)
  expect(steps.at(-1)).toMatch(/#8230; and \d+ times? /)
})

test('two recorded terminals have an arrow from writer to reader', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 11, run)
  say('osdemo', 1, started(2, 'reader'))
  say('osdemo', 11, started(12, 'writer'))
  say('writer', 12, sent('/tmp/pipe', 0, 'hello'))
  say('reader', 2, received('/tmp/pipe', 0, 'hello'))
  const text = draw(events)
  const [, writer] = /participant (p\d) as writer/.exec(text)!
  const [, reader] = /participant (p\d) as reader/.exec(text)!
  expect(text).toContain(`${writer}->>${reader}: hello (5 bytes)`)
})

test('a message whose other end is not recorded is marked', () => {
  const { events, say } = createTeller()
  say('reader', 2, received('p', 0, 'hello'))
  expect(draw(events)).toMatch(/participant other as not in this recording\n.*other->>p0: hello/s)
})

test.each(harmful)('no text is syntax to Mermaid: %j', (text) => {
  const labels = draw(storyOf(text)).match(/(?<=: ).*$/gm)!
  for (const label of labels) {
    const words = label.replace(/#\d+;|<br\/>/g, ' ')
    expect(words).not.toMatch(/[<>;#%`"{}&$\n]|\bend\b|--/i)
  }
})

test('the kind of a step depends on its process and event, not on its wording', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'child'))
  for (const word of Array.from(
    { length: 25 },
    (_, index) => `word-${'abcdefghijklmnopqrstuvwxyz'[index]}`,
  )) {
    say('osdemo', 1, { event: 'claim', id: 'fifo/any', text: word, holds: true })
    say('osdemo', 1, { event: 'evidence', source: '/proc/2/status', value: word, about: word })
    say('child', 2, { event: 'note', text: word })
  }
  const folded = draw(events).replace(/<br\/>/g, ' ')
  expect(folded).toContain('5 times claimed fifo/any')
  expect(folded).toContain('21 times evidence from status of child')
  expect(folded).toContain('21 times a note by child')
})

test('a diagram with too many kinds ends with a note, within the limit of Mermaid', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  for (let child = 2; child < 1500; child++) say('osdemo', 1, started(child, `child-${child}`))
  const text = draw(events)
  expect(text.length).toBeLessThan(50_000)
  expect(text).toMatch(/#8230; and 1,478 other processes/)
})

test('a recording without events is a diagram too', () => {
  expect(draw([])).toMatch(/^sequenceDiagram\n/)
})

test('a message that is left out is counted once, not at each of its ends', () => {
  const { events, say } = createTeller()
  for (const late of [0, 5000]) {
    for (let seq = 0; seq < 30; seq++) {
      say('a', 1, sent(`c${late}`, seq, 'x'))
      say('b', 2, received(`c${late}`, seq, 'x'), late)
    }
  }
  expect(draw(events)).toMatch(/and 40\s+times a message/)
})
