/** The security module Yama, which restricts ptrace(2): Documentation/admin-guide/LSM/Yama.rst of the kernel. */
import { readText } from './read.js'

/**
 * kernel.yama.ptrace_scope: with 0 a user may trace all of their own processes, with 1 only descendants, with 2 only root may
 * trace, with 3 no process may. Undefined where the kernel has no Yama.
 */
export function ptraceScope(): number | undefined {
  const text = readText('/proc/sys/kernel/yama/ptrace_scope')
  return text === undefined ? undefined : Number(text)
}
