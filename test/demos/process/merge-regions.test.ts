import { describe, expect, test } from 'vitest'
import { gather } from '../../../src/demos/process/merge-regions.js'
import type { PartName, Piece } from '../../../src/proc/memory-parts.js'

let next = 0n
function piece(part: PartName, name = '', permissions = 'rw-p'): Piece {
  next += 0x2000n
  return { part, name, from: next, to: next + 0x1000n, resident: 100, permissions }
}

/** Many libraries and mappings without a name, between heap and stack. */
function crowd(count: number): Piece[] {
  const between = Array.from({ length: count }, (_, at) => [
    piece('library', `lib${at}.so`),
    piece('anonymous'),
  ])
  return [piece('text', '', 'r-xp'), piece('heap'), ...between.flat(), piece('stack')]
}

describe('gather', () => {
  test('combines neighbours of one kind, with their sums and each kind of permissions', () => {
    const pieces = [
      piece('library', 'libc.so.6', 'r--p'),
      piece('library', 'libc.so.6', 'r-xp'),
      piece('anonymous'),
    ]
    const [library, anonymous] = gather(pieces)
    expect(library).toEqual({
      about: 'libc.so.6',
      region: {
        part: 'library',
        from: pieces[0]!.from.toString(16),
        to: pieces[1]!.to.toString(16),
        bytes: 0x2000,
        resident: 200,
        permissions: 'r-xp r--p',
        mappings: 2,
      },
    })
    expect(anonymous).toMatchObject({ about: 'anonymous', region: { mappings: 1 } })
  })

  test('reports in which direction heap and stack grow', () => {
    const grows = gather(crowd(1)).flatMap(({ region }) =>
      region.grows ? [`${region.part} ${region.grows}`] : [],
    )
    expect(grows).toEqual(['heap up', 'stack down'])
  })

  test.each([1, 5, 12, 400])('combines %i libraries to one screen, and loses no byte', (count) => {
    const pieces = crowd(count)
    const regions = gather(pieces).map(({ region }) => region)
    expect(regions.length).toBeLessThanOrEqual(24)
    expect(regions.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(pieces.length * 0x1000)
    expect(regions.reduce((sum, { mappings }) => sum + mappings, 0)).toBe(pieces.length)
    expect(regions.map(({ part }) => part)).toEqual(expect.arrayContaining(['text', 'heap', 'stack']))
  })
})
