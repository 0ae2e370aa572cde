/** A look at the memory of a process: its regions as the kernel lists them, and what must be so of them. */
import { OsdemoError } from '../../errors.js'
import { type LoadSegment, readLoadSegments } from '../../proc/elf.js'
import { readProgramFile } from '../../proc/links.js'
import { findParts, type Piece } from '../../proc/memory-parts.js'
import { readSmaps } from '../../proc/smaps.js'
import { isKernelThread, type MemoryMarks, readMemoryMarks } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { type Pointers, readPointers } from '../../proc/syscall.js'
import type { Stage } from '../../run/stage.js'
import { kib } from '../../text.js'
import { requireProcess } from '../shared/require-process.js'
import { gather } from './merge-regions.js'

export interface Memory {
  pid: number
  /** Lowest address first. */
  pieces: Piece[]
  segments: LoadSegment[]
  marks: MemoryMarks
  /** Where its main thread was at that moment; undefined while it ran, or where that cannot be seen. */
  pointers: Pointers | undefined
  /** What the kernel counts as mapped, in bytes; undefined where that changed while we looked. */
  mapped: number | undefined
}

/**
 * @throws OsdemoError exit 1, where there is no such process, where it has no memory, and where this user may not look
 */
export function readMemory(pid: number): Memory {
  const { state, comm } = requireProcess(pid)
  const marks = readMemoryMarks(pid)
  if (isKernelThread(pid)) {
    throw new OsdemoError(
      `process ${pid} (${comm}) is a thread of the kernel, which has no memory of its own`,
      1,
      {
        hint: 'name a process that has one: osdemo process layout $$',
      },
    )
  }
  const before = readStatus(pid)?.mapped
  const mappings = readSmaps(pid)
  const pointers = readPointers(pid)
  const after = readStatus(pid)?.mapped
  if (!mappings || !marks) {
    requireProcess(pid)
    throw new OsdemoError(`the kernel does not show this user the memory of process ${pid} (${comm})`, 1, {
      hint: 'ask as the user that it belongs to, or as root',
      call: 'open',
      errno: 'EACCES',
    })
  }
  if (mappings.length === 0) {
    const zombie = state === 'Z' || requireProcess(pid).state === 'Z'
    const why = zombie ? 'it is a zombie, which has ended and given it back' : 'it is ending'
    throw new OsdemoError(`process ${pid} (${comm}) has no memory any more: ${why}`, 1, {
      hint: 'name one that lives: ps -e lists them',
    })
  }
  const segments = readLoadSegments(pid) ?? []
  // A process that ends just now has no program any more; the next look at it finds that out.
  const file = readProgramFile(pid) ?? ''
  const pieces = findParts(mappings, { file, segments })
  return { pid, pieces, segments, marks, pointers, mapped: before === after ? before : undefined }
}

/** The picture of a whole process, the highest address first. */
export function showMemory(stage: Stage, { pid, pieces, segments }: Memory): void {
  for (const { about, region } of gather(pieces).reverse()) {
    const { from, to, bytes, resident, permissions } = region
    const value = `${from}-${to} ${permissions}, ${bytes} bytes, ${resident} in memory`
    stage.evidence(`/proc/${pid}/smaps`, value, about, { region })
  }
  const sum = (size: (one: LoadSegment) => bigint) =>
    segments.filter(({ writable }) => writable).reduce((total, one) => total + size(one), 0n)
  const file = sum(({ fileSize }) => fileSize)
  const zero = sum(({ memorySize, fileSize }) => memorySize - fileSize)
  if (segments.length === 0) {
    stage.note(
      'its ELF file cannot be read: text and data are told by their permissions, and bss not at all',
      'aside',
    )
    return
  }
  stage.evidence(
    `/proc/${pid}/exe`,
    `${file} bytes of data in the file, and ${zero} of bss behind them`,
    'its ELF file',
    { data: { data: Number(file), bss: Number(zero) } },
  )
}

/** What the kernel guarantees of every process. */
export function claimOrder(stage: Stage, { pid, pieces, marks, mapped }: Memory): void {
  const ordered = pieces.every(({ from, to }, at) => from < to && (pieces[at - 1]?.to ?? 0n) <= from)
  stage.claim(
    'memory/parts-do-not-overlap',
    'the parts lie one above the other, and no two of them overlap',
    ordered,
  )
  if (mapped === undefined)
    stage.note('its memory changed while it was looked at: the parts cannot be added up', 'aside')
  else {
    const sum = pieces.reduce((total, { from, to }) => total + Number(to - from), 0)
    stage.evidence(`/proc/${pid}/status`, `VmSize ${mapped / 1024} kB`, 'all that it has mapped', {
      data: mapped,
    })
    stage.claim(
      'memory/parts-add-up',
      `the parts add up to what the kernel counts, ${kib(sum)}: none is missing`,
      sum === mapped,
    )
  }
  const heap = pieces.find(({ part }) => part === 'heap')
  const { startBrk } = marks
  if (!heap || startBrk === undefined) return
  stage.evidence(`/proc/${pid}/stat`, startBrk.toString(16), 'start_brk, where brk(2) began', {
    data: { address: startBrk.toString(16) },
  })
  const page = 4096n
  stage.claim(
    'memory/heap-begins-at-start-brk',
    'the heap begins where brk(2) began, at start_brk',
    heap.from - startBrk >= 0n && heap.from - startBrk < page,
  )
}

/** The part that an address lies in. */
export function partAt(pieces: Piece[], address: bigint): Piece | undefined {
  return pieces.find(({ from, to }) => from <= address && address < to)
}
