/** What the user of the tests may do. */
import { readFrame } from '../../src/proc/pagemap.js'
import { readMaps } from '../../src/proc/smaps.js'

/** The environment of a process lies at the end of its stack, so that page is always in memory. */
const stack = readMaps(process.pid).find(({ name }) => name === '[stack]')

/** Whether the kernel shows in which page frames the pages of a process lie. */
export const mayReadFrames = stack !== undefined && readFrame(process.pid, stack.to - 1n) !== undefined
