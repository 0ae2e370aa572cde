import { Unavailable } from '../../errors.js'
import { procMount } from '../../proc/links.js'

/** @throws Unavailable where there is no /proc, or where it belongs to another pid namespace */
export function requireProc(demo: string): void {
  const mount = procMount()
  if (mount === 'missing') {
    throw new Unavailable(`${demo} needs /proc, and this machine has none`, 'Run it on Linux.')
  }
  // As after `unshare --pid`: in such a /proc, our pids are the pids of other processes.
  if (mount === 'ours') return
  throw new Unavailable(
    `${demo} needs another /proc: this one belongs to another pid namespace`,
    'As root, in a mount namespace of its own: mount -t proc proc /proc',
  )
}
