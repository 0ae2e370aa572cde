/** What the parts of a picture share: where everything is, and what they could not draw. */
import type { Lane } from '../story/index.js'
import type { Scale } from './scale.js'

/** Where everything is. */
export interface Layout {
  scale: Scale
  /** The left and right edge of the times. */
  left: number
  right: number
  y(lane: Lane): number
  laneHeight: number
  /** How many things of a kind are not drawn each for itself. */
  folded: Map<string, number>
  /** How much evidence is not in the list of claims. */
  unlisted: number
  /** Whether there is still room for a text of this width, `x` being its left end; then it is taken. */
  claim(x: number, y: number, width: number): boolean
}

/** Keeps texts from lying on one another. */
export function createRoom(): Layout['claim'] {
  const taken: { left: number; right: number; y: number }[] = []
  return (left, y, width) => {
    const right = left + width
    const hit = taken.some((one) => Math.abs(one.y - y) < 12 && one.left < right + 4 && left < one.right + 4)
    if (!hit) taken.push({ left, right, y })
    return !hit
  }
}

export function count(folded: Map<string, number>, what: string, number: number): void {
  folded.set(what, (folded.get(what) ?? 0) + number)
}
