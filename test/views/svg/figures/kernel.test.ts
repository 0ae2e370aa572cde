/** The picture of a pipe in kernel memory: which processes meet in it. */
import { expect, test } from 'vitest'
import type { Data, Event } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { drawKernel } from '../../../../src/views/svg/figures/kernel.js'
import { createTeller } from '../../../support/stories.js'

function machine(ids: string[]): Event[] {
  const { events, say } = createTeller()
  const tell = (source: string, data: Data) =>
    say('osdemo', 1, { event: 'evidence', source, value: 'x', about: 'x', data })
  tell('ioctl FIONREAD', 300)
  tell('stat /p', { size: 0, blocks: 0, ino: 11 })
  tell('ioctl FIONREAD', 0)
  tell('stat /copy', { size: 0, blocks: 0, ino: 12 })
  tell('/proc/5/ns/net', { ours: 'net:[1]', theirs: 'net:[2]' })
  tell('stat in the overlay', { ino: 11, dev: 9 })
  for (const id of ids) say('osdemo', 1, { event: 'claim', id: `fifo/${id}`, text: 'x', holds: true })
  return events
}

const all = [
  'bytes-are-not-in-the-file',
  'copy-is-another-pipe',
  'connects-across-namespaces',
  'second-inode-is-another-pipe',
]
const draw = (ids: string[]) => drawKernel(tellStory(machine(ids), false))

test('each claim has a picture with the numbers of the kernel, at its time', () => {
  const figure = draw(all)!
  expect(figure.claims.map(({ id }) => id)).toEqual(all.map((id) => `fifo/${id}`))
  const [file, copy, namespaces, overlay] = figure.parts
  for (const text of ['>300 bytes<', '>file: 0 bytes<', '>inode 11<']) expect(file).toContain(text)
  for (const text of ['>300 bytes<', '>0 bytes<', '>inode 11<', '>inode 12<']) expect(copy).toContain(text)
  expect(namespaces).toContain('>net:[2]<')
  for (const text of ['>inode 11<', '>device 9<']) expect(overlay).toContain(text)
  expect(figure.parts.map((part) => /<g data-t="(\d+)"/.exec(part)![1])).toEqual([
    '6000',
    '7000',
    '8000',
    '9000',
  ])
})

test('what was not observed is not drawn', () => {
  const [, second] = draw([all[0]!, all[2]!])!.parts
  expect(second).toContain('>net:[2]<')
  expect(draw([all[0]!])).toBeUndefined()
})

test('of a claim that failed, only its words are written', () => {
  const events = machine(all).map((event) => (event.event === 'claim' ? { ...event, holds: false } : event))
  const { parts } = drawKernel(tellStory(events, false))!
  expect(parts.every((part) => part.includes('claim failed') && !part.includes('kernel memory'))).toBe(true)
})
