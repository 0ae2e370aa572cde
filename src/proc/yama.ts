/** Who may trace whom: the security module Yama, Documentation/admin-guide/LSM/Yama.rst of the kernel. */
import { readText } from './read.js'

/**
 * kernel.yama.ptrace_scope: 0 everybody's own processes, 1 only descendants, 2 only root, 3 nobody. Undefined where the kernel
 * has no Yama.
 */
export function ptraceScope(): number | undefined {
  const text = readText('/proc/sys/kernel/yama/ptrace_scope')
  return text === undefined ? undefined : Number(text)
}
