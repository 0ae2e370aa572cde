/**
 * The memory of a process as textbooks draw it, the highest address on top, with a row for each region in descending
 * order. A large free range between two regions has a row as well.
 *
 *     7ffc05c5d000-7ffc05c7e000 │ stack                ↓ │  132 KiB   12 KiB rw-p
 *                               ┊ 38.9 TiB free          ┊
 *     55d0c2b4d000-55d0c2b6e000 │ heap                 ↑ │  132 KiB    4 KiB rw-p
 */
import type { ChalkInstance } from 'chalk'
import stringWidth from 'fast-string-width'
import type { Region } from '../events.js'
import { size } from '../text.js'

/** Widths of an address, of a size and of the permissions, in columns. */
const addressWidth = 12
const sizeWidth = 9
const permissionsWidth = 11

/** A free range from this size on, in bytes, gets a row. */
export const notableGap = 2n ** 30n

export function createMemoryMap(chalk: ChalkInstance, width: number) {
  /** A narrow terminal shows only the first address. */
  const wide = width >= 80
  const rangeWidth = wide ? 2 * addressWidth + 1 : addressWidth
  const labelWidth = Math.min(40, Math.max(12, width - rangeWidth - 2 * sizeWidth - permissionsWidth - 6))
  const rule = (left: string, right: string) =>
    `${' '.repeat(rangeWidth)} ${left}${'─'.repeat(labelWidth + 2)}${right}`
  let above: bigint | undefined

  function row({ from, to, bytes, resident, permissions, mappings, grows }: Region, about: string): string {
    const ends = wide ? [from, to] : [from]
    const range = cut(ends.map((end) => end.padStart(addressWidth, '0')).join('-'), rangeWidth)
    const sizes = [bytes, resident].map((number) => size(number).padStart(sizeWidth)).join('')
    // Every private mapping has a p, so where there are several kinds it is left out.
    const rights = permissions.includes(' ') ? permissions.replaceAll('p', '') : permissions
    const arrow = grows === undefined ? '' : { up: '↑', down: '↓' }[grows]
    const label = boxed(about, arrow || (mappings > 1 ? `×${mappings}` : ''), labelWidth)
    return `${chalk.dim(range)} │ ${paintFor(permissions)(label)} │${chalk.cyan(sizes)} ${cut(rights, permissionsWidth)}`.trimEnd()
  }

  function paintFor(permissions: string): (text: string) => string {
    if (permissions.includes('x')) return chalk.green
    return permissions.includes('w') ? chalk.magentaBright : (text) => text
  }

  function heading(): string {
    const [range, label, bytes, resident, rights] = ['address', 'part', 'size', 'resident', 'allowed']
    const head = `${range.padEnd(rangeWidth)}   ${label.padEnd(labelWidth)}  ${bytes.padStart(sizeWidth)}${resident.padStart(sizeWidth)} ${rights}`
    return `${chalk.dim(head.trimEnd())}\n${rule('┌', '┐')}\n`
  }

  const map = {
    /** The rows for a region, below the previous ones. A region at a higher address begins a new picture. */
    add(region: Region, about: string): string {
      const [from, to] = [BigInt(`0x${region.from}`), BigInt(`0x${region.to}`)]
      // Negative where the region begins a new picture.
      const free = above === undefined ? -1n : above - to
      const head = free < 0n ? map.close() + heading() : ''
      above = from
      const gap = `${' '.repeat(rangeWidth)} ┊ ${chalk.dim(`${size(Number(free))} free`.padEnd(labelWidth))} ┊\n`
      return `${head}${free >= notableGap ? gap : ''}${row(region, about)}\n`
    },

    /** The end of the current picture; empty where there is none. */
    close(): string {
      if (above === undefined) return ''
      above = undefined
      return `${rule('└', '┘')}\n`
    },
  }
  return map
}

/** A text, with `end` at the right end of its column. */
function boxed(text: string, end: string, width: number): string {
  const room = width - stringWidth(end) - (end === '' ? 0 : 1)
  return `${cut(text, room)}${end === '' ? '' : ` ${end}`}`
}

/** Cuts or pads a text to exactly `width` columns. */
function cut(text: string, width: number): string {
  if (width < 1) return ''
  let shown = text
  if (stringWidth(text) > width) {
    // The loop measures the text again for each character that it drops. So a long text is cut first: no column is as
    // wide.
    const chars = [...text.slice(0, 1000)]
    while (stringWidth(`${chars.join('')}…`) > width) chars.pop()
    shown = `${chars.join('')}…`
  }
  return shown + ' '.repeat(width - stringWidth(shown))
}
