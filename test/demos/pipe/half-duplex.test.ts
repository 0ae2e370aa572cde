/** A dialogue over one FIFO and over two, and what a demo leaves behind when it is killed. */
import { describe, expect, test } from 'vitest'
import { tellStory } from '../../../src/views/story/index.js'
import { drawDialogue } from '../../../src/views/svg/figures/dialogue.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import {
  eventsSoFar,
  expectNothingLeft,
  newPlace,
  parseEvents,
  playDemo,
  processesOf,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

test('over one FIFO each process reads its own message unless they take turns, over two it reads that of the other', async () => {
  const events = await playDemo(['pipe', 'half-duplex'])
  expect(drawDialogue(tellStory(events, false))!.claims).toHaveLength(6)
  const heard = events.flatMap((event) =>
    event.event === 'received' ? [`${event.actor}: ${event.text}`] : [],
  )
  const [question, answer] = ['what is 6 times 7?', '42']
  const dialogue = [`bob: ${question}`, `alice: ${answer}`]
  expect(heard).toEqual([
    ...dialogue,
    ...dialogue,
    `alice: ${question}`,
    `bob: ${question}`,
    `bob: ${answer}`,
    ...dialogue,
    ...dialogue,
  ])
  expect(claimIdsOf(events)).toEqual([
    'pipe/turns-carry-both-directions',
    'pipe/half-duplex-one-writer-at-a-time',
    'fifo/read-write-open-needs-no-other-end',
    'pipe/writer-may-read-its-own-message',
    'pipe/reader-blocks-when-empty',
    'pipe/writer-may-read-its-own-message',
    'pipe/reader-blocks-when-empty',
    'pipe/two-pipes-carry-two-directions',
    'pipe/end-of-file-after-last-writer',
  ])
  // In turns no side ever has both directions open, and without turns alice has both.
  const flags = dataFrom(events, /^\/proc\/\d+\/fdinfo\/\d+$/) as { access: string }[]
  expect(flags.map(({ access }) => access).sort()).toEqual([
    ...new Array(4).fill('O_RDONLY'),
    'O_RDWR',
    ...new Array(4).fill('O_WRONLY'),
  ])
  // Else a picture would show it as a call that blocks.
  const closes = only(events, 'call').filter(({ call }) => call === 'close')
  expect(closes.map(({ phase }) => phase)).toEqual(new Array(8).fill('end'))
  const ends = dataFrom(events, /^\/proc\/\d+\/fd$/) as { fifo: string; access: string }[][]
  expect(ends.map((list) => list.map(({ fifo, access }) => `${fifo} ${access}`).sort())).toEqual([
    ['back O_RDONLY', 'there O_WRONLY'],
    ['back O_WRONLY', 'there O_RDONLY'],
  ])
  const killed = events.flatMap((event) => (event.event === 'exited' && event.signal ? [event.name] : []))
  expect(killed.sort()).toEqual(['alice', 'bob'])
})

describe('killed with SIGKILL', () => {
  test.for([
    ['atomic', 'reader'],
    ['capacity', 'writer'],
    ['half-duplex', 'bob'],
  ] as const)('pipe %s leaves no process, and the next clean removes its FIFO', async ([demo, actor]) => {
    const place = newPlace()
    const run = place.osdemo(['pipe', demo, '--json'])
    await until(() => eventsSoFar(run).some((event) => event.event === 'call' && event.actor === actor))
    run.child.kill('SIGKILL')
    await run.exit
    await until(() => processesOf(place).length === 0)
    const clean = place.osdemo(['clean', '--json'])
    expect(await clean.exit).toBe(0)
    const removed = { event: 'removed', kind: 'fifo' }
    expect(parseEvents(clean.stdout())).toContainEqual(expect.objectContaining(removed))
    expectNothingLeft(place)
  })
})
