/** The claims: the number of each at its time, and below the lanes the words of the first ones. */
import type { Claim, Story } from '../../story/index.js'
import { box, mostClaims, when, writeClaim } from '../figure.js'
import { element, textAt } from '../parts.js'
import { cluster, type Group } from './cluster.js'
import type { Layout } from './layout.js'

/** A claim and its number, from 0. */
interface Place {
  claim: Claim
  number: number
  x: number
}

export function drawClaimMarks(story: Story, y: number, foot: number, { scale }: Layout): string[] {
  const places = story.claims.map((claim, number): Place => ({ claim, number, x: scale.x(claim.t) }))
  return cluster(places, overlap).map((group) => {
    const [{ x, claim: first }] = group
    const width = badgeWidth(group)
    const holds = group.every(({ claim }) => claim.holds)
    const shape = { x: x - width / 2, y: y - 10, width, height: 20, rx: 10, class: holds ? 'good' : 'bad' }
    const titles = group.map(({ claim }) => claimText(claim))
    const line = element('path', {
      d: `M${x.toFixed(1)} ${y - 10}V${foot}`,
      class: 'grid',
      'stroke-dasharray': '3 3',
      ...when(story, first.t),
    })
    const badge = element('rect', shape) + textAt(x, y + 5, badgeLabel(group), 'badge', 'middle')
    const attributes = { 'data-claims': idsOf(group.map(({ claim }) => claim)), ...when(story, first.t) }
    return line + element('g', attributes, badge, titles.join('\n'))
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
  return Math.max(20, badgeLabel(group).length * 9 + 8)
}

function claimText({ holds, text }: Claim): string {
  return `${holds ? '✔' : '✘ claim failed:'} ${text}`
}

/** Pixels of a claim in the list, of two lines. */
export const claimHeight = 46

/** The claims that the list shows: those that failed before the others. */
export function listed({ claims }: Story): Claim[] {
  const kept = new Set(
    [...claims].sort((one, other) => Number(one.holds) - Number(other.holds)).slice(0, mostClaims),
  )
  return claims.filter((claim) => kept.has(claim))
}

/** The list, in two columns from `top` on. Each claim has the number of its mark. */
export function listClaims(story: Story, top: number): string[] {
  const chosen = listed(story)
  const rows = Math.ceil(chosen.length / 2)
  const column = (box.right - box.left) / 2
  return chosen.map((claim, at) => {
    const x = box.left + column * Math.floor(at / rows)
    const y = top + claimHeight * (at % rows)
    const number = textAt(x + 20, y, `${story.claims.indexOf(claim) + 1}`, 'dim', 'end')
    return number + writeClaim(story, claim, { x: x + 30, y, width: column - 40, lines: 2 }).part
  })
}
