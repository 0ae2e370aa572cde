/** Names, numbers and states as people write them. */
import { readCommandLine } from '../../../proc/cmdline.js'
import { readStat } from '../../../proc/stat.js'
import type { Doing } from '../../../why/still.js'

/** `cat (4711)`; `process 4711` where nothing can be seen of it. */
export function named(pid: number): string {
  const comm = readStat(pid)?.comm
  // Node 24 gives its main thread this name, so that every program of Node would have the same.
  const name = comm === 'MainThread' ? readCommandLine(pid)?.[0]?.split('/').at(-1) : comm
  return name === undefined ? `process ${pid}` : `${name} (${pid})`
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function listed(items: readonly string[], most = 4): string {
  if (items.length <= 1) return items.join('')
  if (items.length <= most) return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
  const shown = Math.max(1, most - 1)
  return `${items.slice(0, shown).join(', ')} and ${items.length - shown} more`
}

/** `340 ms`, `4.5 s`; a time of more than 30 years is meant as no limit. */
export function seconds(number: number): string {
  if (number < 1) return `${Math.round(number * 1000)} ms`
  if (number >= 1e9) return 'more than 30 years'
  return `${Number(number.toFixed(number < 10 ? 1 : 0))} s`
}

/** `in read(2)`, `running`, ...: behind the name of the process and `is`. */
export function doingWords(doing: Doing): string {
  switch (doing.kind) {
    case 'main-thread-exited':
      return 'without its main thread'
    case 'zombie':
      return 'a zombie'
    case 'waiting':
      if (doing.call !== undefined) return `in ${doing.call}(2)`
      return doing.wchan === undefined ? 'waiting' : `in the kernel function ${doing.wchan}`
    default:
      return doing.kind
  }
}
