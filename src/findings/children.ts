/** What findings about parents and children have in common. */
import { basename } from 'node:path'
import type { Process, Trace } from '../trace/model.js'

/** Microseconds. Scheduling alone may make one of two processes later than the other, but hardly so much. */
export const lasting = 100_000

/** The children of each process that its last program has started. It knows nothing of those from before execve(2). */
export function childrenOf({ processes }: Trace): Map<Process, Process[]> {
  const children = new Map<Process, Process[]>()
  for (const child of processes) {
    const { parent, born } = child
    if (!parent || born < (parent.executed ?? 0)) continue
    const siblings = children.get(parent)
    if (siblings) siblings.push(child)
    else children.set(parent, [child])
  }
  return children
}

/** A shell starts what its user asks for, also in the background, and may reap it late. */
export function isShell({ command: [program = ''] }: Process): boolean {
  return /^(?:-?(?:ba|da|a|z|k|mk|fi|c|tc)?sh|busybox)$/.test(basename(program))
}
