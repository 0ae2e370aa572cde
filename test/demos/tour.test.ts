/** The tour, as the real program. */
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { isAlive } from '../../src/proc/stat.js'
import { eventsSoFar, expectNothingLeft, newPlace, placeOfNobody, playDemo, processesOf } from '../osdemo.js'
import { until } from '../until.js'

const demos = ['pipe demo', 'tcp-echo demo', 'short-reads', 'shm threads', 'shm demo', 'shm race', 'shm ring']

/** The words of each `run` event, in order. */
function commandsOf(events: Event[]): string[] {
  return events.flatMap((event) => (event.event === 'run' ? [event.command.join(' ')] : []))
}

describe.runIf(process.platform === 'linux')('tour', () => {
  let run: Promise<Event[]> | undefined
  /** One run for all tests that only look at its events. */
  function played(): Promise<Event[]> {
    run ??= playDemo(['tour'])
    return run
  }

  test('ends in less than 25 seconds with a table of all claims, in 80 columns', async () => {
    const place = newPlace()
    const run = place.osdemo(['tour', '--timeout', '25s'])
    expect([await run.exit, run.stderr()]).toEqual([0, ''])
    expect([processesOf(place), place.leftovers()]).toEqual([[], []])

    const lines = run.stdout().trimEnd().split('\n')
    expect(lines.filter((line) => stringWidth(line) > 80)).toEqual([])
    expect(run.stdout()).not.toContain('\u001b')
    const [, holding, claims] = /^(\d+) of (\d+) claims hold\.$/.exec(lines.at(-1)!)!
    expect(holding).toBe(claims)
    const marked = (from: string[]) => from.filter((line) => line.includes('✔')).length
    // The table is behind the last empty line but one; before it, each claim has a line in the story.
    const table = lines.slice(lines.lastIndexOf('', lines.lastIndexOf('') - 1) + 1, lines.lastIndexOf(''))
    expect(marked(table)).toBe(Number(claims))
    expect(marked(lines)).toBe(2 * Number(claims))
    const named = table.flatMap((line) => demos.filter((demo) => line.startsWith(`${demo} `)))
    expect(named).toEqual(demos)
  })

  test('tells before each demo what to see, and gives each claims of its own', async () => {
    const events = await played()
    expect(commandsOf(events)).toEqual(['tour --json', ...demos])
    const starts = events.flatMap(({ event }, at) => (event === 'run' ? [at] : [])).slice(1)
    for (const [index, at] of starts.entries()) {
      const chapter = events.slice(at, starts[index + 1])
      expect(chapter[1]).toMatchObject({ event: 'note', text: expect.stringMatching(/^see: ./) })
      for (const kind of ['started', 'evidence', 'claim', 'exited']) {
        expect(chapter.map(({ event }) => event)).toContain(kind)
      }
      const children = (kind: string) =>
        chapter.flatMap((event) => (event.event === kind && 'child' in event ? [event.child] : [])).sort()
      expect(children('exited')).toEqual(children('started'))
    }
  })

  test('has the events of each chapter in the order of their clock', async () => {
    const times = (await played()).map(({ t }) => t)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('with --quiet prints nothing and exits 0', async () => {
    const place = newPlace()
    const run = place.osdemo(['tour', '--quiet'])
    expect([await run.exit, run.stdout(), run.stderr()]).toEqual([0, '', ''])
    expect([processesOf(place), place.leftovers()]).toEqual([[], []])
  })

  test('can be had by any user, on one CPU', async (context) => {
    const { place, options } = placeOfNobody(context)
    const prefix = ['taskset', '-c', '0', ...options.prefix]
    expect(commandsOf(await playDemo(['tour'], { prefix }, place))).toEqual(['tour --json', ...demos])
  })

  test.each<[string, (event: Event) => boolean]>([
    ['has made a FIFO', (event) => event.event === 'created' && event.kind === 'fifo'],
    ['has an actor held in open(2)', (event) => event.event === 'call' && event.call === 'open'],
    ['has a message in the FIFO', ({ event }) => event === 'sent'],
    ['has a server listening', (event) => event.event === 'created' && event.port !== undefined],
    ['starts threads that count', (event) => event.event === 'created' && event.id.includes('counter')],
  ])('leaves nothing behind by SIGINT when it %s', async (_, matches) => {
    const place = newPlace()
    const run = place.osdemo(['tour', '--json'])
    await until(() => eventsSoFar(run).some(matches))
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
    expect(eventsSoFar(run).at(-1)).toMatchObject({ event: 'error', exit: 130 })
    expect(run.stderr()).toBe('')
    expect([isAlive(run.pid), processesOf(place)]).toEqual([false, []])
    expectNothingLeft(place)
  })
})
