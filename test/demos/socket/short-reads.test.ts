/** The demo of short reads, run as the real program. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { shortReads } from '../../../src/demos/socket/short-reads.js'
import { type Event, numberIn } from '../../../src/events.js'
import * as tcpDiag from '../../../src/ipc/tcp-diag.js'
import { tellStory } from '../../../src/views/story/index.js'
import { drawFrames } from '../../../src/views/svg/figures/frames.js'
import { claimIdsOf, dataFrom } from '../../support/facts.js'
import { newPlace, placeOfNobody, playDemo } from '../../support/osdemo.js'
import { perform } from '../../support/perform.js'

/** The bytes of the large write. */
const large = 256 * 1024

type Of<Kind extends Event['event']> = Event & { event: Kind }

function by<Kind extends Event['event']>(events: Event[], actor: string, kind: Kind): Of<Kind>[] {
  return events.filter((event): event is Of<Kind> => event.actor === actor && event.event === kind)
}

/** How many bytes each read of a reader asked for, and how many it returned. */
function reads(events: Event[], actor: string): { asked: number; got: number }[] {
  return by(events, actor, 'call').map(({ asked, result }) => ({ asked: asked!, got: result! }))
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

describe.runIf(process.platform === 'linux')('short-reads', () => {
  let run: Promise<Event[]> | undefined
  /** One run for all tests that only look at its events. */
  function played(): Promise<Event[]> {
    run ??= playDemo(['short-reads'])
    return run
  }

  test('the careful reader gets the whole stream, although some of its reads are short', async () => {
    const events = await played()
    const frames = by(events, 'careful', 'received')
    const stream = sum(frames.map(({ bytes }) => 4 + bytes))
    expect(stream).toBeGreaterThan(1024 * 1024)

    const all = reads(events, 'careful')
    expect(all.every(({ asked, got }) => got >= 1 && got <= asked)).toBe(true)
    expect(all.some(({ asked, got }) => got < asked)).toBe(true)
    // Only the first reads have events of their own. Where there are more, a note has their number.
    const told = sum(all.map(({ got }) => got))
    if (by(events, 'careful', 'note').length > 0) expect(told).toBeLessThan(stream)
    else expect(told).toBe(stream)
    expect(drawFrames(tellStory(events, false))!.claims.length).toBeGreaterThanOrEqual(4)
  })

  test('only the careful reader asks for the rest after a short read', async () => {
    const events = await played()
    const careful = reads(events, 'careful')
    const short = careful.findIndex(({ asked, got }) => got < asked)
    expect(careful[short + 1]!.asked).toBe(careful[short]!.asked - careful[short]!.got)

    const trusting = reads(events, 'trusting')
    expect(trusting.slice(0, short + 1)).toEqual(careful.slice(0, short + 1))
    expect(trusting[short + 1]!.asked).toBe(4)
  })

  test('both readers get the same first frame, and then different ones', async () => {
    const events = await played()
    const frames = (actor: string) =>
      by(events, actor, 'received').map(({ seq, bytes, text }) => ({ seq, bytes, text }))
    const careful = frames('careful')
    const trusting = frames('trusting')
    expect(trusting[0]).toEqual(careful[0])
    expect(trusting[1]).not.toEqual(careful[1])
    expect(careful.map(({ seq }) => seq)).toEqual(careful.map((_, index) => index))
    // The buffer is as long as the header announced, and its bytes that no read has filled are zero.
    const [torn, whole] = [trusting[1]!, careful[1]!]
    const came = torn.text!.split('\0', 1)[0]!
    expect(torn.bytes).toBe(whole.bytes)
    expect(came.length).toBeLessThan(whole.text!.length)
    expect(whole.text!.startsWith(came)).toBe(true)
  })

  test('the trusting reader loses its place, and takes bytes of the body for a header', async () => {
    const [lost] = by(await played(), 'trusting', 'evidence')
    // The next four bytes of the second frame's body.
    expect(lost!.data).toEqual({ bytes: 'the ', length: Buffer.from('the ').readUInt32BE() })
  })

  test('the claims agree with the events, and the evidence has the sizes of the reads', async () => {
    const events = await played()
    const claims = events.flatMap((event) => (event.event === 'claim' ? [[event.id, event.holds]] : []))
    expect(claims).toEqual([
      ['tcp/read-may-be-short', true],
      ['frame/read-loop-gets-every-frame', true],
      ['frame/single-reads-tear-frames', true],
      ['frame/torn-reader-loses-its-place', true],
      ['tcp/many-writes-share-packets', true],
      ['tcp/one-write-becomes-several-packets', true],
    ])
    const told = dataFrom(events, 'read(2)').filter(Array.isArray)
    expect(told).toEqual(['trusting', 'careful'].map((actor) => reads(events, actor).map(({ got }) => got)))
  })

  test('the packets have room for all bytes, and are as many as neither the writes nor the reads', async () => {
    const [unsent, many, one] = dataFrom(await played(), 'tcp_info')
    const { writes, packets, reads } = many as Record<string, number>
    expect(many).toEqual({ writes: 1001, packets: expect.any(Number), reads: expect.any(Number) })
    expect(unsent).toBeGreaterThanOrEqual(10_000)
    // An IP packet has at most 65,535 bytes, and the socket of the reader takes no more while it does not read.
    const least = Math.ceil(large / 65_535)
    expect(packets).toBeGreaterThanOrEqual(least)
    expect(packets).toBeLessThan(writes!)
    expect(reads).toBeLessThan(writes!)
    expect(one).toMatchObject({ writes: 1 })
    expect(numberIn(one, 'packets')).toBeGreaterThanOrEqual(least)
  })

  test('where sock_diag(7) does not answer, the packets are not observed, and nothing is claimed of them', async () => {
    vi.spyOn(tcpDiag, 'tcpCounts').mockReturnValue(undefined)
    onTestFinished(() => void vi.restoreAllMocks())
    const { events, error } = await perform(shortReads)
    expect(error).toBeUndefined()
    expect(claimIdsOf(events)).toHaveLength(4)
    expect(events.filter((event) => event.event === 'note' && event.role === 'aside')).toHaveLength(1)
  })

  test('another user on one CPU gets the same claims', async (context) => {
    const { place, options } = placeOfNobody(context)
    await playDemo(['short-reads'], { prefix: ['taskset', '-c', '0', ...options.prefix] }, place)
  })

  test('explains at the end why a program reads in full, and what a plain read changes', async () => {
    const run = newPlace().osdemo(['short-reads'])
    expect([await run.exit, run.stderr()]).toEqual([0, ''])
    const story = run.stdout().replaceAll(/\s+/g, ' ')
    expect(story).toContain('at least one byte')
    expect(story).toContain('With a plain read(2)')
    expect(story).toMatch(/(\d+) of \1 claims hold\.\s*$/)
  })
})
