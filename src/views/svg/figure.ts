/** What a figure is: the picture of one topic, drawn from a story, and what all figures share. */
import type { Claim, Story } from '../story/index.js'
import { element, textAt, wrapped } from './parts.js'

/** The size of a slide, 16:9, in pixels before a viewer scales it. */
export const slide = { width: 1280, height: 720 }

/** The part of the slide in which figures draw. Title and subtitle are above it, the command of the run below. */
export const box = { left: 40, right: 1240, top: 116, bottom: 676 }

/** At most this many claims are written on a slide. The HTML page has all of them. */
export const mostClaims = 6

export interface Figure {
  /** The topic in words: `The process tree`. Missing where the title of the run says it. */
  title?: string
  /** One line: what to see. Missing where the opening of the demo says it. */
  see?: string
  /** Markup. Everything is inside the box. */
  parts: string[]
  /** The claims that the figure shows. The slide adds claims that failed and are not among them. */
  claims: readonly Claim[]
}

/**
 * Draws a figure, or returns undefined when the story does not contain what the figure shows. It decides by events and their
 * data, never by sentences.
 */
export type Draw = (story: Story) => Figure | undefined

/**
 * The attributes that tell a player when an element happens: microseconds since the first event of the story. Elements without
 * them are always visible.
 */
export function when(story: Story, from: number, to?: number) {
  return {
    'data-t': Math.round(from - story.start),
    'data-end': to === undefined ? undefined : Math.round(to - story.start),
  }
}

/** The latest claim with this id, where the story has it. */
export function claimOf({ claims }: Story, id: string): Claim | undefined {
  return claims.findLast((claim) => claim.id === id)
}

/** The claims with these ids that the story has, in the order of the ids, as many as a slide shows. */
export function claimsOf(story: Story, ids: readonly string[]): Claim[] {
  return ids.flatMap((id) => claimOf(story, id) ?? []).slice(0, mostClaims)
}

/** Height of a line of the text of a claim. */
const lineHeight = 19

/** A claim with its sign at a place, in lines of a width, and the y coordinate below it. */
export function writeClaim(
  story: Story,
  claim: Claim,
  place: { x: number; y: number; width: number; lines?: number },
): { part: string; end: number } {
  const { x, y, width, lines: most = 3 } = place
  const kind = claim.holds ? 'good' : 'bad'
  const words = claim.holds ? claim.text : `claim failed: ${claim.text}`
  const lines = wrapped(words, width - 24, 15, most)
  const texts = lines.map((line, at) => textAt(x + 24, y + at * lineHeight, line, claim.holds ? '' : 'bad'))
  const part = element(
    'g',
    { 'data-claims': claim.id, ...when(story, claim.t) },
    textAt(x, y, claim.holds ? '✔' : '✘', kind) + texts.join(''),
  )
  return { part, end: y + lines.length * lineHeight }
}

/** Claims below each other from `y` on, and the y coordinate below the last one. */
export function writeClaims(
  story: Story,
  claims: readonly Claim[],
  place: { x: number; y: number; width: number; lines?: number },
): { parts: string[]; end: number } {
  let y = place.y
  const parts = claims.map((claim) => {
    const { part, end } = writeClaim(story, claim, { ...place, y })
    y = end + 8
    return part
  })
  return { parts, end: y }
}
