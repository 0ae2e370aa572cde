/** What the parts of a picture share: where everything is, and what they could not draw. */
import type { Lane } from '../../story/index.js'
import type { Scale } from './scale.js'

/** Where everything is. */
export interface Layout {
  scale: Scale
  /** The left and right edge of the time axis. */
  left: number
  right: number
  y(lane: Lane): number
  laneHeight: number
  /** How many items of each kind are drawn together with others. */
  folded: Map<string, number>
  /** Reserves room for a text of this width, whose left end is at `x`. False when there is no room. */
  claim(x: number, y: number, width: number): boolean
}

/** Keeps texts from overlapping. */
export function createRoom(): Layout['claim'] {
  const taken: { left: number; right: number; y: number }[] = []
  return (left, y, width) => {
    const right = left + width
    const hit = taken.some((one) => Math.abs(one.y - y) < 16 && one.left < right + 4 && left < one.right + 4)
    if (!hit) taken.push({ left, right, y })
    return !hit
  }
}

export function count(folded: Map<string, number>, what: string, number: number): void {
  folded.set(what, (folded.get(what) ?? 0) + number)
}
