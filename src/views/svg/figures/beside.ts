/** A column of claims to the right of a figure, each beside the place that shows it. */
import type { Claim, Story } from '../../story/index.js'
import { box, claimsOf, writeClaims } from '../figure.js'

/** @param groups ids of claims, and the y coordinate from which on they are written, or further down when the claims above need room */
export function claimsBeside(
  story: Story,
  groups: readonly { y: number; ids: readonly string[] }[],
  left: number,
): { parts: string[]; claims: Claim[] } {
  let next = 0
  const written = groups.map(({ y, ids }) => {
    const claims = claimsOf(story, ids)
    const place = { x: left, y: Math.max(y, next), width: box.right - left, lines: 4 }
    const { parts, end } = writeClaims(story, claims, place)
    if (claims.length > 0) next = end
    return { parts, claims }
  })
  return {
    parts: written.flatMap(({ parts }) => parts),
    claims: written.flatMap(({ claims }) => claims),
  }
}
