/** How full a channel is, as a small picture: `▮▮▮▯ 3 of 4`. */
import type { Depth } from '../events.js'

/** The most blocks of a picture; what holds more is drawn to scale. */
const most = 16

/** The picture of a channel just after a call. Without a capacity it grows, and ends in `…` where it is too long. */
export function drawDepth({ after, capacity, unit }: Depth): string {
  const number = (value: number) => value.toLocaleString('en-US')
  if (capacity === undefined) {
    const blocks = '▮'.repeat(Math.min(after, most)) + (after > most ? '…' : '')
    return `${blocks} ${number(after)}`.trim()
  }
  const slots = Math.min(capacity, unit === 'bytes' ? most / 4 : most)
  // What is not empty has at least one block, however little that is.
  const full = capacity === 0 ? 0 : Math.ceil((after / capacity) * slots)
  const of = `${number(after)} of ${number(capacity)}${unit === 'bytes' ? ' bytes' : ''}`
  return `${'▮'.repeat(full)}${'▯'.repeat(slots - full)} ${of}`.trim()
}
