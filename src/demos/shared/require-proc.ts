import { existsSync, readlinkSync } from 'node:fs'
import { Unavailable } from '../../errors.js'

/** @throws Unavailable where the kernel does not say what the demo needs as evidence */
export function requireProc(demo: string): void {
  if (!existsSync('/proc/self/stat')) {
    throw new Unavailable(
      `${demo} takes its evidence from /proc, and this machine has none`,
      'run it on Linux',
    )
  }
  // As after `unshare --pid`: each number would name another process there.
  if (readlinkSync('/proc/self') === `${process.pid}`) return
  throw new Unavailable(
    `${demo} takes its evidence from /proc, and the one here is that of another pid namespace`,
    'mount this one: mount -t proc proc /proc (as root, in a mount namespace of its own)',
  )
}
