/** The memory of a process: its regions as the kernel lists them, and what the kernel guarantees for them. */
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
  /** Stack pointer and program counter of its main thread; undefined while it was running, or where they are not readable. */
  pointers: Pointers | undefined
  /** VmSize, in bytes: all that is mapped. Undefined where it changed while the memory was read. */
  mapped: number | undefined
}

/**
 * @throws OsdemoError exit 1, where there is no such process, where it has no memory, and where this user may not read it
 */
export function readMemory(pid: number): Memory {
  const { state, comm } = requireProcess(pid)
  const marks = readMemoryMarks(pid)
  if (isKernelThread(pid)) {
    throw new OsdemoError(`process ${pid} (${comm}) is a thread of the kernel and has no address space`, 1, {
      hint: 'Name another process, such as your shell: osdemo process layout $$',
    })
  }
  const before = readStatus(pid)?.mapped
  const mappings = readSmaps(pid)
  const pointers = readPointers(pid)
  const after = readStatus(pid)?.mapped
  if (!mappings || !marks) {
    requireProcess(pid)
    throw new OsdemoError(
      `cannot read the memory of process ${pid} (${comm}): EACCES (permission denied)`,
      1,
      {
        hint: 'Run the command as the owner of the process, or as root.',
        call: 'open',
        errno: 'EACCES',
      },
    )
  }
  if (mappings.length === 0) {
    const zombie = state === 'Z' || requireProcess(pid).state === 'Z'
    const why = zombie ? 'it is a zombie' : 'it is exiting'
    throw new OsdemoError(`process ${pid} (${comm}) has no memory left: ${why}`, 1, {
      hint: 'Name a process that is alive. List them with: ps -e',
    })
  }
  const segments = readLoadSegments(pid) ?? []
  // The link is missing when the process has just exited. Then the next read of the process fails.
  const file = readProgramFile(pid) ?? ''
  const pieces = findParts(mappings, { file, segments })
  return { pid, pieces, segments, marks, pointers, mapped: before === after ? before : undefined }
}

/** Shows the regions of a process, the highest address first. */
export function showMemory(stage: Stage, { pid, pieces, segments }: Memory): void {
  for (const { about, region } of gather(pieces).reverse()) {
    const { from, to, bytes, resident, permissions } = region
    const value = `${from}-${to} ${permissions}, ${bytes} bytes, ${resident} resident`
    stage.evidence(`/proc/${pid}/smaps`, value, about, { region })
  }
  const sum = (size: (one: LoadSegment) => bigint) =>
    segments.filter(({ writable }) => writable).reduce((total, one) => total + size(one), 0n)
  const file = sum(({ fileSize }) => fileSize)
  const zero = sum(({ memorySize, fileSize }) => memorySize - fileSize)
  if (segments.length === 0) {
    stage.note(
      'Not observed: bss, because this user may not read the program file. Permissions show what is text and data.',
      'aside',
    )
    return
  }
  stage.evidence(
    `/proc/${pid}/exe`,
    `data: ${file} bytes, bss: ${zero} bytes`,
    'in the program file, bss has only a size',
    { data: { data: Number(file), bss: Number(zero) } },
  )
}

/** Claims what the kernel guarantees for every process. */
export function claimOrder(stage: Stage, { pid, pieces, marks, mapped }: Memory): void {
  const ordered = pieces.every(({ from, to }, at) => from < to && (pieces[at - 1]?.to ?? 0n) <= from)
  stage.claim(
    'memory/parts-do-not-overlap',
    `The parts of an address space never overlap: all ${pieces.length} here lie one above the other.`,
    ordered,
  )
  if (mapped === undefined)
    stage.note('Not observed: the sum of all parts, because the memory changed while it was read.', 'aside')
  else {
    const sum = pieces.reduce((total, { from, to }) => total + Number(to - from), 0)
    stage.evidence(`/proc/${pid}/status`, `VmSize: ${mapped / 1024} kB`, 'all that is mapped', {
      data: mapped,
    })
    stage.claim(
      'memory/parts-add-up',
      `These parts are the whole address space: they add up to VmSize, ${kib(sum)}.`,
      sum === mapped,
    )
  }
  const heap = pieces.find(({ part }) => part === 'heap')
  const { startBrk } = marks
  if (!heap || startBrk === undefined) return
  stage.evidence(`/proc/${pid}/stat`, `start_brk: 0x${startBrk.toString(16)}`, 'field 47', {
    data: { address: startBrk.toString(16) },
  })
  const page = 4096n
  stage.claim(
    'memory/heap-begins-at-start-brk',
    'The heap begins at start_brk, the address from which brk(2) enlarges it.',
    heap.from - startBrk >= 0n && heap.from - startBrk < page,
  )
}

/** The part that an address lies in. */
export function partAt(pieces: Piece[], address: bigint): Piece | undefined {
  return pieces.find(({ from, to }) => from <= address && address < to)
}
