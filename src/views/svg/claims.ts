/** The claims: the number of each at its time; below the picture, their texts and their evidence. */

import { describe } from '../describe-event.js'
import type { Claim, Story } from '../story/index.js'
import { cluster, type Group } from './cluster.js'
import type { Layout } from './layout.js'
import { element, textAt, wrapped } from './parts.js'

/** How many claims show their evidence in the picture, and how many pieces each. */
const mostTold = 24
const mostEvidence = 3

/** The height of a line of text. */
const lineHeight = 16

/** A claim and its number, from 0. */
interface Place {
  claim: Claim
  number: number
  x: number
}

export function drawClaimMarks({ claims }: Story, y: number, foot: number, { scale }: Layout): string[] {
  const places = claims.map((claim, number): Place => ({ claim, number, x: scale.x(claim.t) }))
  return cluster(places, overlap).map((group) => {
    const [{ x }] = group
    const width = badgeWidth(group)
    const holds = group.every(({ claim }) => claim.holds)
    const shape = { x: x - width / 2, y: y - 8, width, height: 16, rx: 8, class: holds ? 'good' : 'bad' }
    const titles = group.map(({ claim }) => claimText(claim))
    const line = element('path', {
      d: `M${x.toFixed(1)} ${y + 8}V${foot}`,
      class: 'grid',
      'stroke-dasharray': '3 3',
    })
    const badge = element('rect', shape) + textAt(x, y + 4, badgeLabel(group), 'badge', 'middle')
    return (
      line + element('g', { 'data-claims': idsOf(group.map(({ claim }) => claim)) }, badge, titles.join('\n'))
    )
  })
}

/** The ids of the claims. By them a part of the picture refers to the list in docs/reference/events.md. */
function idsOf(claims: readonly Claim[]): string | undefined {
  return claims.flatMap(({ id }) => id ?? []).join(' ') || undefined
}

/** Claims that share a badge have it at the place of the first. */
function overlap(group: Group<Place>, next: Group<Place>): boolean {
  return next[0].x - group[0].x < (badgeWidth(group) + badgeWidth(next)) / 2 + 2
}

function badgeLabel(group: Group<Place>): string {
  const first = group[0].number + 1
  return group.length === 1 ? `${first}` : `${first}–${first + group.length - 1}`
}

function badgeWidth(group: Group<Place>): number {
  return Math.max(16, badgeLabel(group).length * 6.5 + 6)
}

function claimText({ holds, text }: Claim): string {
  return `${holds ? '✔' : '✘ claim failed:'} ${text}`
}

/** The list, from `top` on, and where it ends. Evidence about regions of memory has a picture of its own. */
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
    const sign = textAt(42, y, holds ? '✔' : '✘', kind)
    parts.push(textAt(34, y, `${index + 1}`, 'dim', 'end'))
    parts.push(claim.id ? element('g', { 'data-claims': claim.id }, sign) : sign)
    const words = holds ? text : `claim failed: ${text}`
    for (const part of wrapped(words, width - 72, 12, 3)) line(60, part, holds ? '' : 'bad')
    const told = claims.length > mostTold ? [] : evidence.slice(0, mostEvidence)
    for (const one of told) line(60, wrapped(describe(one), width - 72, 11, 1).join(''), 'small dim')
    if (evidence.length > told.length) layout.unlisted += evidence.length - told.length
    y += 3
  })
  return { parts, end: y }
}
