/** Texts in a segment: the layout that other programs use, the count beside it, and texts that change while they are read. */
import { expect, onTestFinished, test } from 'vitest'
import { type Look, openText, type SegmentText } from '../../src/ipc/segment-text.js'
import { settle } from '../../src/ipc/settled-text.js'
import { attachSegment, makeSegment, privateKey, removeSegment } from '../../src/ipc/sysv-shm.js'

const idle = () => []

/** A new segment, as another program has it attached: only the bytes of its size. */
function newSegment(size: number) {
  const id = makeSegment(privateKey, size, 0o600)!
  const plain = attachSegment(id, size)
  onTestFinished(() => {
    removeSegment(id)
    plain.detach()
  })
  const open = (purpose: 'read' | 'write') => {
    const text = openText({ id }, size, purpose === 'read' ? purpose : { room: size })
    onTestFinished(text.detach)
    return text
  }
  return { id, bytes: Buffer.from(plain.memory), reader: open('read'), writer: open('write') }
}

test('a program that keeps to the size of the segment sees the text, a NUL, and no other change', () => {
  const { bytes, writer } = newSegment(1024)
  bytes.fill(0xaa)
  writer.write(Buffer.from('hello'))
  expect(bytes).toEqual(Buffer.concat([Buffer.from('hello\0'), Buffer.alloc(1018, 0xaa)]))
})

test.each([
  [1024, true],
  [4096 * 16 - 16, true],
  // Every page size divides this, so the last page is full.
  [65_536, false],
])('a segment of %d bytes has a count: %s', async (size, isCounted) => {
  const { reader, writer } = newSegment(size)
  const first = await settle(reader, idle)
  expect(first).toMatchObject({ text: Buffer.alloc(0), begun: undefined, missed: 0, torn: false })
  for (const text of ['one', 'two', 'three']) writer.write(Buffer.from(text))
  const next = await settle(reader, idle, first)
  const expected = isCounted ? { begun: 3, missed: 2, exact: true } : { missed: 0, exact: false }
  expect(next).toMatchObject({ text: Buffer.from('three'), whole: true, ...expected })
})

test('the same text again is a new one when osdemo has written it', async () => {
  const { bytes, reader, writer } = newSegment(100)
  writer.write(Buffer.from('same'))
  const first = await settle(reader, idle)
  bytes.write('same\0')
  expect(reader.isStill(first)).toBe(true)
  writer.write(Buffer.from('same'))
  expect(reader.isStill(first)).toBe(false)
  expect(await settle(reader, idle, first)).toMatchObject({ missed: 0, exact: true })
})

test('what another program leaves in the place of the count is no count', async () => {
  const { id, reader, writer } = newSegment(1000)
  for (const text of ['one', 'two']) writer.write(Buffer.from(text))
  expect(reader.look().begun).toBe(2)
  const page = attachSegment(id, 4096)
  onTestFinished(page.detach)
  Buffer.from(page.memory).fill(1)
  expect(reader.look().begun).toBeUndefined()
  writer.write(Buffer.from('three'))
  expect(reader.look()).toMatchObject({ begun: 1, whole: true })
})

test('a reader does not sleep when osdemo has written since its look', async () => {
  for (const size of [1024, 65_536]) {
    const { reader, writer } = newSegment(size)
    const look = reader.look()
    writer.write(Buffer.from('news'))
    const start = performance.now()
    await reader.sleep(look, 20_000)
    expect(performance.now() - start).toBeLessThan(10_000)
  }
})

/** A text that changes as the test says: one look after the other, and the last one again and again. */
function changing(looks: Partial<Look>[]): SegmentText {
  let at = 0
  const look = () => ({ text: Buffer.alloc(0), begun: undefined, whole: true, cell: 0, ...looks[at] })
  return {
    look: () => {
      const seen = look()
      at = Math.min(at + 1, looks.length - 1)
      return seen
    },
    isStill: () => true,
    write: () => {},
    sleep: async () => {},
    detach: () => {},
  }
}

const text = (letters: string) => ({ text: Buffer.from(letters) })
const before: Look = { ...text('before'), begun: undefined, whole: true, cell: 0 }

test('a text that changes between two looks is read again, and the changes are counted', async () => {
  const shared = changing([text('aaab'), text('aabb'), text('bbbb')])
  const seen = await settle(shared, idle, before)
  expect(seen).toMatchObject({ ...text('bbbb'), missed: 2, exact: false, torn: false })
})

test('a text that changed while it was copied is read again', async () => {
  const shared = changing([
    { ...text('ab'), whole: false },
    { ...text('ab'), whole: false },
    { ...text('bb'), whole: true },
  ])
  expect(await settle(shared, idle)).toMatchObject({ ...text('bb'), torn: false })
})

test('a text that never stays the same is marked as torn', async () => {
  const texts = Array.from({ length: 1_000_000 }, (_, number) => text(`${number}`))
  expect(await settle(changing(texts), idle, before)).toMatchObject({ exact: false, torn: true })
})

test('while osdemo is in the middle of a text, the text is not complete', async () => {
  const half = { ...text('ab'), begun: 7, whole: false }
  const shared = changing([half, half, half, { ...text('bb'), begun: 7, whole: true }])
  const seen = await settle(shared, idle, { ...before, begun: 6 })
  expect(seen).toMatchObject({ ...text('bb'), missed: 0, exact: true, torn: false })
})

test('the text of a writer that is ready and has not run since is not complete', async () => {
  const shared = changing([text('ab'), text('ab'), text('ab'), text('bb')])
  const runnable = [['9 100'], ['9 100'], ['9 100'], ['9 200'], ['9 300']]
  const seen = await settle(shared, () => runnable.shift() ?? [], before)
  expect(seen).toMatchObject({ ...text('bb'), torn: false })
  const stuck = await settle(changing([text('ab')]), () => ['9 100'], before)
  expect(stuck.torn).toBe(true)
})
