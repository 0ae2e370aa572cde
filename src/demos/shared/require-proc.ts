import { Unavailable } from '../../errors.js'
import { procMount } from '../../proc/links.js'

/** @throws Unavailable where the kernel does not say what the demo needs as evidence */
export function requireProc(demo: string): void {
  const mount = procMount()
  if (mount === 'missing') {
    throw new Unavailable(
      `${demo} takes its evidence from /proc, and this machine has none`,
      'run it on Linux',
    )
  }
  // As after `unshare --pid`: each number would name another process there.
  if (mount === 'ours') return
  throw new Unavailable(
    `${demo} takes its evidence from /proc, and the one here is that of another pid namespace`,
    'mount this one: mount -t proc proc /proc (as root, in a mount namespace of its own)',
  )
}
