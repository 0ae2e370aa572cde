/** The memory of a process in a few rows, for a page: all mappings between heap and stack are merged. */
import type { Region } from '../../events.js'
import { sumOf } from '../../text.js'

export interface NamedRegion {
  region: Region
  about: string
}

/** Parts that do not come from the program itself. */
const mapped = ['library', 'mapped file', 'shared memory', 'anonymous', 'vdso']

/**
 * Merges the regions, and leaves out the read-only data beside the text, which is no part of a textbook's picture.
 *
 * @param regions highest address first
 */
export function mergeMapped(regions: readonly NamedRegion[]): NamedRegion[] {
  const merged: NamedRegion[] = []
  for (const each of regions.filter(({ region }) => region.part !== 'read-only data')) {
    const above = merged.at(-1)
    if (above && isMapped(above.region) && isMapped(each.region)) {
      merged[merged.length - 1] = { about: 'mapped files', region: join(above.region, each.region) }
    } else merged.push(each)
  }
  return merged
}

function isMapped({ part }: Region): boolean {
  return mapped.includes(part)
}

function join(above: Region, below: Region): Region {
  // Whether a mapping is shared or private does not matter in a picture this small.
  const kinds = new Set(
    `${above.permissions} ${below.permissions}`.split(' ').map((kind) => kind.slice(0, 3)),
  )
  return {
    part: 'mapped file',
    from: below.from,
    to: above.to,
    bytes: sumOf(above.bytes, below.bytes),
    resident: sumOf(above.resident, below.resident),
    permissions: [...kinds].join(' '),
    mappings: above.mappings + below.mappings,
  }
}
