/** The claims: a number each at its time, and below the picture what they say and on what evidence. */

import { describe } from '../describe-event.js'
import type { Claim, Story } from '../story/index.js'
import type { Layout } from './layout.js'
import { element, textAt, wrapped } from './parts.js'

/** So many claims get their evidence in the picture, and so many pieces of it. */
const mostTold = 24
const mostEvidence = 3

/** A picture's width for text, and of a line. */
const lineHeight = 16

/** Claims that share a badge. */
interface Group {
  x: number
  first: number
  last: number
  holds: boolean
}

export function drawClaimMarks({ claims }: Story, y: number, foot: number, { scale }: Layout): string[] {
  const groups: Group[] = []
  claims.forEach(({ t, holds }, index) => {
    let group = { x: scale.x(t), first: index, last: index, holds }
    // One that grew may reach the one before it, and so on.
    for (let before = groups.at(-1); before && overlap(before, group); before = groups.at(-1)) {
      groups.pop()
      group = { ...before, last: index, holds: before.holds && group.holds }
    }
    groups.push(group)
  })
  return groups.map((group) => {
    const { x, first, last, holds } = group
    const width = badgeWidth(group)
    const shape = { x: x - width / 2, y: y - 8, width, height: 16, rx: 8, class: holds ? 'good' : 'bad' }
    const titles = claims.slice(first, last + 1).map((claim) => claimText(claim))
    const line = element('path', {
      d: `M${x.toFixed(1)} ${y + 8}V${foot}`,
      class: 'grid',
      'stroke-dasharray': '3 3',
    })
    return (
      line +
      element(
        'g',
        {},
        element('rect', shape) + textAt(x, y + 4, badgeLabel(group), 'badge', 'middle'),
        titles.join('\n'),
      )
    )
  })
}

function overlap(one: Group, next: Group): boolean {
  return next.x - one.x < (badgeWidth(one) + badgeWidth(next)) / 2 + 2
}

function badgeLabel({ first, last }: Group): string {
  return first === last ? `${first + 1}` : `${first + 1}–${last + 1}`
}

function badgeWidth(group: Group): number {
  return Math.max(16, badgeLabel(group).length * 6.5 + 6)
}

function claimText({ holds, text }: Claim): string {
  return `${holds ? '✔' : '✘ does not hold:'} ${text}`
}

/** The list, from `top` on; and where it ends. Evidence that is a region of memory has a picture of its own. */
export function listClaims({ claims }: Story, top: number, width: number, layout: Layout) {
  const parts: string[] = []
  let y = top
  const line = (x: number, text: string, kind: string) => {
    parts.push(textAt(x, y, text, kind))
    y += lineHeight
  }
  claims.forEach((claim, index) => {
    const { holds, text } = claim
    const evidence = claim.evidence.filter(({ region }) => !region)
    const kind = holds ? 'good' : 'bad'
    parts.push(textAt(34, y, `${index + 1}`, 'dim', 'end'), textAt(42, y, holds ? '✔' : '✘', kind))
    const words = holds ? text : `does not hold: ${text}`
    for (const part of wrapped(words, width - 72, 12, 3)) line(60, part, holds ? '' : 'bad')
    const told = claims.length > mostTold ? [] : evidence.slice(0, mostEvidence)
    for (const one of told) line(60, wrapped(describe(one), width - 72, 11, 1)[0]!, 'small dim')
    if (evidence.length > told.length) layout.unlisted += evidence.length - told.length
    y += 3
  })
  return { parts, end: y }
}
