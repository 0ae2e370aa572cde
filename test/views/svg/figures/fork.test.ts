/** The picture of fork: which pages are common, and which belong to one of the two. */
import { expect, test } from 'vitest'
import type { Data, Event } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, exited, run, started } from '../../../support/stories.js'

const page = 4096

function forkStory(): Event[] {
  const { events, say } = createTeller()
  const evidence = (source: string, data: Data, detail = false) => {
    say('osdemo', 1, { event: 'evidence', source, value: 'x', about: 'x', data })
    if (detail) Object.assign(events.at(-1)!, { detail })
  }
  const pages = (variable: string, own: number, parentOwn: number, common: number) => ({
    variable,
    own: own * page,
    parentOwn: parentOwn * page,
    common: common * page,
  })
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'parent'))
  say('osdemo', 1, { ...started(3, 'child'), parent: 2 } as Event)
  evidence('/proc/2/mem, /proc/3/mem', { variable: 'heap', address: '7000', parent: 1, child: 2 })
  evidence('/proc/2/mem, /proc/3/mem', { variable: 'shared', address: '5000', parent: 2, child: 2 }, true)
  evidence('/proc/3/smaps', [pages('heap', 0, 0, 7), pages('heap', 5, 4, 2)])
  evidence('/proc/3/smaps', [pages('shared', 0, 6, 0), pages('shared', 0, 0, 6)], true)
  for (const pid of [2, 3]) evidence(`/proc/${pid}/fdinfo/3`, 5)
  say('osdemo', 1, { event: 'claim', id: 'fork/copies-page-on-write', text: 'x', holds: true })
  say('osdemo', 1, exited(3, 'child'))
  say('osdemo', 1, exited(2, 'parent'))
  return events
}

/** How many squares of each kind a group has: of the parent, of both, of the child. A common square has two parts. */
function squares(markup: string) {
  const of = (shape: string, kind: string) =>
    [...markup.matchAll(new RegExp(`<${shape} [^>]*class="${kind}"`, 'g'))].length
  return [of('rect', 'one'), of('path', 'one'), of('rect', 'two')]
}

test('fork has a square for each page: of the parent, common, of the child', () => {
  const slide = slideOf(forkStory())
  const groups = [...slide.matchAll(/<g data-variable="(\w+)" data-t="\d+">(.*?)<\/g>/g)]
  expect(groups.map(([, name, content = '']) => [name, squares(content)])).toEqual([
    ['heap', [4, 2, 5]],
    // Its evidence is a detail, and the child had none of its pages before it used them.
    ['shared', [0, 6, 0]],
  ])
  expect(squares(slide)).toEqual([4, 7 + 2 + 6, 5])
  expect(slide).toContain('one open file description')
  expect(valuesOf(slide, 'data-claims')).toEqual(['fork/copies-page-on-write'])
})

test('fork without evidence of pages is drawn as a timeline', () => {
  const events = forkStory().filter((event) => event.event !== 'evidence')
  expect(slideOf(events)).not.toContain('pages of physical memory')
})
