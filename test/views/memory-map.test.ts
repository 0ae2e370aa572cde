import { Chalk } from 'chalk'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import type { Event, Region } from '../../src/events.js'
import { createMemoryMap } from '../../src/views/memory-map.js'
import { createTimeline } from '../../src/views/timeline/index.js'

function region(from: string, to: string, more: Partial<Region> = {}): Region {
  const bytes = Number(BigInt(`0x${to}`) - BigInt(`0x${from}`))
  return { part: 'anonymous', from, to, bytes, resident: 4096, permissions: 'rw-p', mappings: 1, ...more }
}

const stack = region('7ffc05c5d000', '7ffc05c7e000', { part: 'stack', grows: 'down' })
const heap = region('55d0c2b4d000', '55d0c2b6e000', { part: 'heap', grows: 'up' })
const text = region('400000', '401000', { part: 'text', permissions: 'r-xp r--p', mappings: 2 })

const show = (width = 80) => {
  const map = createMemoryMap(new Chalk({ level: 0 }), width)
  return [
    map.add(stack, 'stack'),
    map.add(heap, 'heap'),
    map.add(text, 'text'),
    map.close(),
    map.close(),
  ].join('')
}

test('draws the regions below each other, with the large gaps between them', () => {
  expect(show()).toBe(
    `
address                     part                       size resident allowed
                          ┌──────────────────────┐
7ffc05c5d000-7ffc05c7e000 │ stack              ↓ │  132 KiB    4 KiB rw-p
                          ┊ 42.2 TiB free        ┊
55d0c2b4d000-55d0c2b6e000 │ heap               ↑ │  132 KiB    4 KiB rw-p
                          ┊ 85.8 TiB free        ┊
000000400000-000000401000 │ text              ×2 │    4 KiB    4 KiB r-x r--
                          └──────────────────────┘
`.trimStart(),
  )
})

test.each([60, 80, 132])('fits %i columns, whatever a region is called', (width) => {
  const map = createMemoryMap(new Chalk({ level: 0 }), width)
  const odd = region('0', 'ffffffffffffffff', { permissions: 'rwxp rw-p r-xp r--p ---p', mappings: 1e6 })
  const lines = [show(width), map.add(odd, '漢字 wide '.repeat(30)), map.close()].join('').split('\n')
  for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width)
})

test('a region above the last one begins a new picture, and other events end it', () => {
  const timeline = createTimeline({ color: 0, width: 80, hide: [] })
  const stamp = { v: 1, t: 1, pid: 1, tid: 1, actor: 'osdemo' } as const
  const evidence = (about: string, region: Region): Event => ({
    ...stamp,
    event: 'evidence',
    source: 's',
    value: 'v',
    about,
    region,
  })
  const pictures = [evidence('heap', heap), evidence('stack', stack)]
  const shown = [...pictures, { ...stamp, event: 'note', text: 'after' } as const]
    .map(timeline.event)
    .join('')
  expect(shown.match(/┌/g)).toHaveLength(2)
  expect(shown.match(/└/g)).toHaveLength(2)
  expect(shown.indexOf('└', shown.indexOf('stack'))).toBeLessThan(shown.indexOf('after'))
  timeline.event(pictures[0]!)
  expect(timeline.end()).toContain('└')
})

test('text of a region does not control the terminal', () => {
  const timeline = createTimeline({ color: 0, width: 80, hide: [] })
  const bad = region('1000', '2000', { permissions: 'r\u001b[2Jp' })
  const event: Event = {
    v: 1,
    t: 1,
    pid: 1,
    tid: 1,
    actor: 'x',
    event: 'evidence',
    source: 's',
    value: 'v',
    about: '\u001b[2J',
    region: bad,
  }
  expect(timeline.event(event)).not.toContain('\u001b')
})
