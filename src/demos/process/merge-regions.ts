/** Combines the mappings of a process, of which there may be hundreds, to regions that fit on a screen. */
import type { Region } from '../../events.js'
import type { Piece } from '../../proc/memory-parts.js'

/** A region and its label. */
export interface Named {
  about: string
  region: Region
}

/** How many regions fit on a screen. */
const enough = 24

/** Pieces that become one region, lowest address first. */
type Run = [Piece, ...Piece[]]

type Same = (piece: Piece) => string

/** By what neighbours are combined. Each level combines more of them than the level before it. */
const levels: Same[] = [
  ({ part, name }) => `${part} ${name}`,
  ({ part }) => part,
  ({ part }) => (mapped.includes(part) ? 'mapped' : part),
]

/** The parts between heap and stack, of which there may be hundreds. */
const mapped: string[] = ['library', 'mapped file', 'shared memory', 'anonymous']

/**
 * Combines neighbours of one kind, and more of them where the result would not fit on a screen.
 *
 * @param pieces lowest address first
 * @returns regions, lowest address first
 */
export function gather(pieces: Piece[], limit = enough): Named[] {
  const choices = levels.map((same) => runsOf(pieces, same))
  // There is one choice for each level, so there is a last one.
  return (choices.find((runs) => runs.length <= limit) ?? choices.at(-1)!).map(toRegion)
}

function runsOf(pieces: Piece[], same: Same): Run[] {
  const runs: Run[] = []
  for (const piece of pieces) {
    const run = runs.at(-1)
    if (run && same(run[0]) === same(piece)) run.push(piece)
    else runs.push([piece])
  }
  return runs
}

function toRegion(run: Run): Named {
  const [first] = run
  const parts = [...new Set(run.map(({ part }) => part))]
  const part = parts.length === 1 ? first.part : 'mapped'
  const region: Region = {
    part,
    from: first.from.toString(16),
    // A run has at least one piece.
    to: run.at(-1)!.to.toString(16),
    bytes: run.reduce((sum, { from, to }) => sum + Number(to - from), 0),
    resident: run.reduce((sum, { resident }) => sum + resident, 0),
    permissions: [...new Set(run.map(({ permissions }) => permissions))].sort().reverse().join(' '),
    mappings: run.length,
  }
  if (part === 'heap') region.grows = 'up'
  if (part === 'stack') region.grows = 'down'
  return { about: describe(part, run), region }
}

function describe(part: string, run: Run): string {
  if (part === 'mapped') return 'libraries, anonymous'
  const names = [...new Set(run.map(({ name }) => name).filter((name) => name !== ''))]
  const [one] = names.length === 1 ? names : []
  if (part === 'library') return one ?? 'libraries'
  if (part === 'mapped file') return one ?? 'mapped files'
  return one === undefined ? part : `${part} ${one}`
}
