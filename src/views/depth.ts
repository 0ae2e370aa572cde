/** How full a channel is, as a small picture: `▮▮▮▯ 3 of 4`. */
import type { Depth } from '../events.js'
import { thousands } from '../text.js'

/** The most blocks of a picture; a larger capacity is drawn to scale. */
const most = { messages: 16, bytes: 4 }

/**
 * A channel just after a call. One without a capacity has a block for each message, and ends in `…` where it
 * is too long.
 */
export function drawDepth({ after, capacity, unit }: Depth): string {
  const amount = unit === 'bytes' ? bytes : thousands
  if (capacity === 0) return `${amount(after)} stored`
  if (capacity === undefined) {
    const blocks = '▮'.repeat(within(0, after, most[unit])) + (after > most[unit] ? '…' : '')
    return `${blocks} ${amount(after)} waiting`.trim()
  }
  const slots = within(0, capacity, most[unit])
  // A channel that is not empty has at least one block.
  const full = within(0, Math.ceil((after / capacity) * slots), slots)
  return `${'▮'.repeat(full)}${'▯'.repeat(slots - full)} ${amount(after)} of ${amount(capacity)}`
}

/** Limits a value to a range: a recording may contain any number. */
function within(least: number, value: number, greatest: number): number {
  return Math.max(least, Math.min(value, greatest))
}

/** Exact, unlike `size`: rounded, a nearly full buffer would look full. */
function bytes(value: number): string {
  if (value === 0 || value % 1024 > 0) return thousands(value)
  return value % 2 ** 20 > 0 ? `${thousands(value / 1024)} KiB` : `${thousands(value / 2 ** 20)} MiB`
}
