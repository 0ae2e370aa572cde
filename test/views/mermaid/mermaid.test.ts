/** The lines of a diagram. `pictures.test.ts` shows that Mermaid draws them. */
import { expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
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
  storyOf,
} from '../../support/stories.js'

function draw(events: Event[]): string {
  const view = pictures.mermaid()
  return events.map((event) => view.event(event)).join('') + view.end()
}

test('participants come and go, blocking is activation, messages are arrows and lost ones crossed', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'reader'))
  say('osdemo', 1, started(3, 'writer'))
  say('reader', 2, { event: 'call', phase: 'begin', call: 'open', object: 'FIFO p' })
  say('reader', 2, { event: 'call', phase: 'end', call: 'open', object: 'FIFO p', result: 3 }, 200_000)
  for (const seq of [0, 1]) say('writer', 3, sent('p', seq, `Message ${seq}`))
  say('reader', 2, received('p', 0, 'Message 0'))
  say('osdemo', 1, exited(3, 'writer'))
  expect(
    draw(events)
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual([
    'sequenceDiagram',
    'title: osdemo pipe demo',
    'participant p0 as osdemo 1',
    'Note over p0: osdemo 1.2.3, Node v20.0.0, linux 6',
    'create participant p1 as reader 2',
    'p0->>p1: starts',
    'create participant p2 as writer 3',
    'p0->>p2: starts',
    'activate p1',
    'Note over p1: open FIFO p',
    'Note over p1: open returned 3 after 200 ms',
    'deactivate p1',
    'p2->>p1: Message 0 (9 bytes)',
    'p2-xp1: Message 1 (9 bytes), not received',
    'destroy p2',
    'p2-->>p0: exited with code 0',
    '',
  ])
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

test('only the first of many steps of a kind are drawn, and a note counts the others', () => {
  const text = draw(longStory())
  expect(text.length).toBeLessThan(50_000)
  expect(text).toMatch(/#8230; and \d+ times? /)
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
  expect(folded).toContain('5 times evidence from status of child')
  expect(folded).toContain('5 times a note by child')
})

test('a diagram with too many kinds ends with a note, within the limit of Mermaid', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  for (let child = 2; child < 1500; child++) say('osdemo', 1, started(child, `child-${child}`))
  const text = draw(events)
  expect(text.length).toBeLessThan(50_000)
  expect(text).toContain('The diagram #101;nds here')
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
