/** What the user of the tests may do. */
import { spawnSync } from 'node:child_process'
import { readFrame } from '../../src/proc/pagemap.js'
import { readMaps } from '../../src/proc/smaps.js'
import { program } from './osdemo.js'

/** The environment of a process lies at the end of its stack, so that page is always in memory. */
const stack = readMaps(process.pid).find(({ name }) => name === '[stack]')

/** Whether the kernel shows in which page frames the pages of a process lie. */
export const mayReadFrames = stack !== undefined && readFrame(process.pid, stack.to - 1n) !== undefined

/** Starts a program as another user without rights, which only root may do. */
export const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']

/** Whether such a user can execute osdemo where it lies here. */
export function nobodyMayRun(): boolean {
  const [command = '', ...words] = [...asNobody, process.execPath, program, '--version']
  return spawnSync(command, words).status === 0
}
