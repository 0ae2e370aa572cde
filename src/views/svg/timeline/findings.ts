/** The findings, below the claims: those that are certain before the others. */
import type { Event, FindingFact } from '../../../events.js'
import type { Story } from '../../story/index.js'
import { box } from '../figure.js'
import { element, textAt, wrapped } from '../parts.js'

/** At most this many have room. */
const most = 3

/** Pixels of a line, and of the gap after a finding. */
const [lineHeight, gap] = [24, 8]

/** The list, from `top` on, and how high it is. */
export function listFindings({ steps }: Story, top: number): { parts: string[]; height: number } {
  const all = steps.flatMap(({ event }) => (event.event === 'finding' ? [event] : []))
  const sorted = [...all].sort((one, other) => Number(other.certain) - Number(one.certain))
  let y = top
  const parts = sorted.slice(0, most).map((finding) => {
    const lines = wrapped(sentenceOf(finding), box.right - box.left - 30, 18, 2)
    const text = lines.map((line, at) => textAt(box.left + 30, y + at * lineHeight, line, 'see bad'))
    const sign = textAt(box.left + 20, y, finding.certain ? '✘' : '?', 'see bad', 'end')
    y += lines.length * lineHeight + gap
    return element('g', { 'data-finding': finding.id }, sign + text.join(''))
  })
  const left = all.length - parts.length
  if (left > 0) {
    parts.push(textAt(box.left + 30, y, `… and ${left} more`, 'small dim'))
    y += lineHeight + gap
  }
  return { parts, height: y - top }
}

function sentenceOf({ id, certain, text }: Event & FindingFact): string {
  return `${id}${certain ? '' : ' (likely)'}: ${text}`
}
