import { existsSync } from 'node:fs'
import { Unavailable } from '../errors.js'

/** @throws Unavailable where the kernel does not say what the demo needs as evidence */
export function requireProc(demo: string): void {
  if (existsSync('/proc/self/stat')) return
  throw new Unavailable(`${demo} takes its evidence from /proc, and this machine has none`, 'run it on Linux')
}
