/** Whether addresses of two processes lead to the same page of physical memory. */
import { readFrame } from '../../proc/pagemap.js'

interface Place {
  pid: number
  address: bigint
}

/**
 * The page frames that the two addresses lead to; undefined where one is not in memory, or where the kernel does not show it. The
 * kernel may move a page meanwhile.
 */
export function framesAt(one: Place, other: Place): [number, number] | undefined {
  for (let tries = 0; tries < 10; tries++) {
    const [first, second, again] = [one, other, one].map(({ pid, address }) => readFrame(pid, address))
    if (first === undefined || second === undefined) return undefined
    if (first === again) return [first, second]
  }
  return undefined
}
