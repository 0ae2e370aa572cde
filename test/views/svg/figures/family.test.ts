/** The pictures of process trees, zombies and orphans: which process is drawn below which, and when. */
import { describe, expect, test } from 'vitest'
import type { Data, Event } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, exited, run, started } from '../../../support/stories.js'

const osdemo = 100

/** A story whose first event is at 0 for a player, and in which osdemo reports everything. */
function tell() {
  const { events, say } = createTeller()
  const report = (fact: Parameters<typeof say>[2], later?: number) => say('osdemo', osdemo, fact, later)
  const seen = (source: string, data: Data) =>
    report({ event: 'evidence', source, value: 'x', about: 'x', data })
  const claim = (id: string, holds = true) => report({ event: 'claim', id, text: 'a claim', holds })
  const state = (child: number, state: 'zombie' | 'gone' | 'waiting' | 'stopped', later?: number) =>
    report({ event: 'state', child, state, kernel: 'Z', source: `/proc/${child}/stat` }, later)
  report(run)
  return { events, report, seen, claim, state }
}

/** The process that is drawn, once for each picture of it. */
const pids = (markup: string) => valuesOf(markup, 'data-pid').map(Number)

/** The valuesOf of the group that shows an adoption. */
const adoptions = (markup: string) =>
  [...markup.matchAll(/<g data-adopted="(\d+)" data-t="(\d+)">.*?PPid (\d+)<.*?PPid (\d+)</g)].map((found) =>
    found.slice(1).map(Number),
  )

describe('an orphan', () => {
  function orphanStory(): Event[] {
    const { events, report, seen, claim, state } = tell()
    report(started(200, 'parent'))
    report({ ...started(300, 'child'), parent: 200 } as Event)
    seen('/proc/300/status', { ppid: 200, parent: 'sh' })
    report(exited(200, 'parent', 'SIGKILL'))
    state(300, 'waiting')
    seen('/proc/300/status', { ppid: 1, parent: 'init' })
    claim('orphan/is-adopted')
    seen(
      'PPid',
      [osdemo, 12, 11, 1].map((pid) => ({ pid, ppid: 0, comm: 'sh' })),
    )
    state(300, 'zombie')
    state(300, 'gone')
    return events
  }

  test('is drawn below its parent, then below its adopter, with the edge that moves', () => {
    const markup = slideOf(orphanStory())
    // Between osdemo and its ancestor with pid 1 are two, which are drawn as one sign.
    const before = [1, -1, osdemo, 200, 300]
    expect(pids(markup)).toEqual([...before, ...before, 1, 300])
    expect(markup).toContain('⋮ 2 processes')
    expect(adoptions(markup)).toEqual([[300, 6000, 200, 1]])
  })

  test('that was not seen to exit has no picture of that', () => {
    const events = orphanStory().slice(0, -2)
    expect(pids(slideOf(events))).toHaveLength(10)
  })

  test('that was not seen to be adopted is drawn as a timeline', () => {
    const events = orphanStory().filter((event) => event.event !== 'evidence')
    expect(pids(slideOf(events))).toEqual([])
  })
})

describe('a zombie', () => {
  function zombieStory() {
    const told = tell()
    const { report, seen, claim, state } = told
    report(started(200, 'parent-1'))
    report({ ...started(300, 'child-1'), parent: 200 } as Event)
    seen('/proc/300/cmdline, status, fd', { words: 3, bytes: 2 ** 20, files: 5 })
    state(200, 'stopped')
    state(300, 'zombie')
    seen('/proc/300/cmdline, status, fd', { words: 0, bytes: null, files: 0 })
    claim('zombie/has-no-memory-or-files')
    claim('zombie/keeps-its-pid')
    seen('/proc/300/stat', { status: 42 * 256 })
    state(300, 'gone', 20_000)
    claim('zombie/is-gone-when-reaped')
    report(exited(200, 'parent-1'))
    return told
  }

  test('is drawn alive, as a zombie, and reaped, with what is left of it', () => {
    const markup = slideOf(zombieStory().events)
    expect(pids(markup)).toEqual([200, 300, 200, 300, 200, 300])
    for (const left of [
      '1.0 MiB of memory',
      '5 open files',
      'no memory',
      'no open files',
      'exit code 42 kept',
    ])
      expect(markup).toContain(`>${left}<`)
    // From its exit to the moment at which it was gone.
    expect(markup).toContain('>a zombie for 24 ms<')
    expect(valuesOf(markup, 'data-claims')).toEqual([
      'zombie/has-no-memory-or-files',
      'zombie/is-gone-when-reaped',
    ])
  })

  test('whose parent dies moves to an adopter', () => {
    const { events, report, seen, claim, state } = zombieStory()
    report(started(400, 'parent-2'))
    report({ ...started(500, 'child-2'), parent: 400 } as Event)
    state(500, 'zombie')
    claim('zombie/killed-process-becomes-one')
    seen('/proc/500/stat', { status: 15 })
    report(exited(400, 'parent-2', 'SIGKILL'))
    seen('/proc/500/status', { ppid: 7, parent: 'init' })
    claim('zombie/is-adopted-when-parent-dies')
    state(500, 'gone')
    const markup = slideOf(events)
    expect(pids(markup).slice(6)).toEqual([400, 500, 7, 400, 500, 7, 500])
    expect(adoptions(markup).map(([child, , old, ppid]) => [child, old, ppid])).toEqual([[500, 400, 7]])
    expect(markup).toContain('>signal 15 kept<')
    expect(valuesOf(markup, 'data-claims').slice(1)).toEqual([
      'zombie/is-gone-when-reaped',
      'zombie/killed-process-becomes-one',
      'zombie/is-adopted-when-parent-dies',
    ])
  })
})

describe('the process tree', () => {
  const seenAs = (pid: number, ppid: number, state = 'S'): [string, Data] => [
    `/proc/${pid}`,
    { pid, ppid, comm: 'sh', state },
  ]

  test('has each process below its parent', () => {
    const { events, seen } = tell()
    for (const [pid, ppid] of [
      [osdemo, 50],
      [50, 1],
      [1, 0],
      [101, osdemo],
      [102, 101],
    ] as const)
      seen(...seenAs(pid, ppid))
    const markup = slideOf(events)
    expect(pids(markup)).toEqual([1, 50, osdemo, 101, 102])
    expect(valuesOf(markup.replace(/<path[^>]*>/g, ''), 'data-t').map(Number)).toEqual([
      3000, 2000, 1000, 4000, 5000,
    ])
  })

  test('counts what does not fit: generations above, and children', () => {
    const { events, seen, report } = tell()
    for (let pid = 20; pid >= 1; pid--) seen(...seenAs(pid, pid - 1))
    for (let pid = 30; pid < 60; pid++) seen(...seenAs(pid, 20))
    report({ event: 'note', text: 'x', data: { undrawn: 7 } })
    const markup = slideOf(events)
    const drawn = pids(markup)
    expect(drawn).toEqual(expect.arrayContaining([1, 20, 30, 31, 32, 33]))
    const folded = [...markup.matchAll(/>⋮ (\d+) processes</g)].map(([, number]) => Number(number))
    const above = drawn.filter((pid) => pid > 0 && pid <= 20)
    expect(above.length + folded[0]!).toBe(20)
    const more = [...markup.matchAll(/>and (\d+) more</g)].map(([, number]) => Number(number))
    expect(more).toEqual([30 - drawn.filter((pid) => pid >= 30).length + 7])
  })

  test('ends where processes are their own ancestors', () => {
    const { events, seen } = tell()
    for (const [pid, ppid] of [
      [2, 3],
      [3, 2],
      [4, 4],
    ] as const)
      seen(...seenAs(pid, ppid))
    expect(pids(slideOf(events))).toEqual(expect.arrayContaining([2, 3]))
  })
})
