/** The diagram of states: what was counted of one process. */
import { expect, test } from 'vitest'
import type { ProcessState } from '../../../../src/events.js'
import { slideOf } from '../../../support/slide.js'
import { createTeller, exited, run, started } from '../../../support/stories.js'

function statesStory(states: ProcessState[]) {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'child'))
  const reach = (state: ProcessState) =>
    say('osdemo', 1, { event: 'state', child: 2, state, kernel: 'R', source: '/proc/2/stat' }, 10_000)
  return { events, say, reach, all: () => states.forEach(reach) }
}

/** The counts of an attribute's values: how often each transition or state was seen. */
function counts(markup: string, attribute: 'data-way' | 'data-state'): { [key: string]: number } {
  const found = [...markup.matchAll(new RegExp(`<g ${attribute}="([^"]*)" data-count="(\\d+)"`, 'g'))]
  return Object.fromEntries(found.map(([, key, number]) => [key, Number(number)]))
}

test('each transition has its count, and each state the times of the process', () => {
  const { events, all } = statesStory(['new', 'ready', 'running', 'ready', 'running', 'waiting', 'ready'])
  all()
  const slide = slideOf(events)
  expect(counts(slide, 'data-way')).toEqual({
    'new ready': 1,
    'ready running': 2,
    'running ready': 1,
    'running waiting': 1,
    'waiting ready': 1,
    // Parts of the lecture's diagram that this run has not seen.
    'running zombie': 0,
    'zombie gone': 0,
  })
  expect(counts(slide, 'data-state')).toEqual({ new: 1, ready: 3, running: 2, waiting: 1, zombie: 0 })
  expect(slide).toContain('>20 ms, 3×<')
  // The first time that it got a CPU.
  expect(slide).toMatch(/<g data-way="ready running" data-count="2" data-t="31000">/)
})

test('a transition that a signal causes has its name', () => {
  const { events, say, reach, all } = statesStory(['ready', 'running', 'waiting'])
  all()
  say('osdemo', 1, { event: 'signal', signal: 'SIGSTOP', from: 1, to: 2, name: 'child' })
  reach('stopped')
  say('osdemo', 1, { event: 'signal', signal: 'SIGCONT', from: 1, to: 2, name: 'child' })
  reach('running')
  reach('waiting')
  say('osdemo', 1, exited(2, 'child'))
  const slide = slideOf(events)
  const words = [...slide.matchAll(/<g data-way="([^"]*)" [^>]*>.*?<text[^>]*>([^<]*)<\/text><\/g>/g)]
  expect(Object.fromEntries(words.map(([, key, text]) => [key, text]))).toMatchObject({
    'waiting stopped': '1× SIGSTOP',
    'stopped running': '1× SIGCONT',
    'running waiting': '2× blocks',
  })
})

test('processes that were seen in few states are drawn as a timeline', () => {
  const { events, all } = statesStory(['running', 'zombie', 'gone'])
  all()
  expect(counts(slideOf(events), 'data-state')).toEqual({})
})

test('a computation is no call that blocks', () => {
  const slide = (call: string) => {
    const { events, say, all } = statesStory(['new', 'ready', 'running', 'waiting'])
    all()
    say('child', 2, { event: 'call', phase: 'begin', call, object: 'x' })
    say('child', 2, { event: 'call', phase: 'end', call, object: 'x' }, 10_000)
    return slideOf(events)
  }
  expect(slide('read')).toContain('>a call blocks<')
  expect(slide('compute')).toContain('>compute')
  expect(slide('compute')).not.toContain('>a call blocks<')
})
