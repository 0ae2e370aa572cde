/** A pointer into a segment after shmdt(2). A C program uses it, because an actor that crashes would make the demo fail. */
import { mappingAt } from '../../proc/smaps.js'
import { isRemoved } from '../../proc/sysvipc-shm.js'
import type { Stage } from '../../run/stage.js'
import { compiledIfPossible } from '../shared/compiled-if-possible.js'
import { printedNothing, startLineProgram } from '../shared/line-program.js'

/** Shows it with examples/after-detach.c. @throws DemoFailed when the program does not attach a segment that still exists */
export async function showAfterDetach(stage: Stage, id: number): Promise<void> {
  const path = await compiledIfPossible(stage, 'after-detach', 'the memory after a detach')
  if (path === undefined) return
  stage.note('A C program attaches the segment, detaches it, and keeps the address.')
  const words = [path, `${id}`]
  const program = await startLineProgram(stage, 'detacher', words)
  const [, digits] = /attached at 0x([0-9a-f]+)/.exec((await program.next()) ?? '') ?? []
  if (digits === undefined) {
    // The next step of the demo reports that the segment was removed.
    if (isRemoved(id)) return
    throw printedNothing('detacher', words)
  }
  const address = BigInt(`0x${digits}`)
  const wasMapped = showMapping(stage, program.id, address, 'the segment is attached')
  program.tell('detach')
  await program.next()
  const isMapped = showMapping(stage, program.id, address, 'the segment is detached')
  stage.claim(
    'shm/detach-removes-mapping',
    `shmdt(2) takes the segment out of the address space: nothing is mapped at 0x${digits} now.`,
    wasMapped && !isMapped,
  )
  program.tell('read')
  await program.next()
  const signal = program.ending()?.signal
  stage.evidence('wait(2)', `killed by ${signal ?? 'no signal'}`, 'the detacher read from the address', {
    data: { signal: signal ?? null },
  })
  stage.claim(
    'shm/detached-memory-is-invalid',
    'After shmdt(2) the memory is no longer valid: a process that reads from its address is killed by SIGSEGV.',
    signal === 'SIGSEGV',
  )
}

/** Quotes the kernel's line about an address of a process. @returns whether something is mapped there */
function showMapping(stage: Stage, pid: number, address: bigint, about: string): boolean {
  const found = mappingAt(pid, address)
  const at = address.toString(16)
  const value = found
    ? `${found.from.toString(16)}-${found.to.toString(16)} ${found.permissions} ${found.name}`
    : `no mapping contains ${at}`
  stage.evidence(`/proc/${pid}/maps`, value, about, { data: { address: at, mapped: found !== undefined } })
  return found !== undefined
}
