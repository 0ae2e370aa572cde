/**
 * The part of the address space that each mapping belongs to. The kernel reports the addresses, permissions and name of a mapping.
 * The ELF file says which addresses of the program are text, data and bss.
 */
import { basename } from 'node:path'
import type { LoadSegment } from './elf.js'
import type { Mapping } from './smaps.js'

export type PartName =
  | 'text'
  | 'read-only data'
  | 'data'
  | 'bss'
  | 'heap'
  | 'library'
  | 'mapped file'
  | 'shared memory'
  | 'anonymous'
  | 'vdso'
  | 'stack'

/** A mapping, or a piece of a mapping that contains several parts. */
export interface Piece {
  part: PartName
  /** The name of a file, library or named memory, without the folder. */
  name: string
  from: bigint
  to: bigint
  /** Resident bytes. The kernel counts them for a whole mapping. In a mapping of several parts, the lowest are assumed resident. */
  resident: number
  permissions: string
}

/** The program of a process. */
export interface ProgramImage {
  /** Its file, as /proc/PID/exe reports it. */
  file: string
  segments: LoadSegment[]
}

/** The addresses of one segment in memory. Those from `bss` on are its bss. */
interface Place extends Omit<LoadSegment, 'address' | 'fileSize' | 'memorySize'> {
  from: bigint
  bss: bigint
  to: bigint
}

/** Mappings that the kernel lists for every process, but does not count: they lie at addresses of the kernel. */
const gates = ['[vsyscall]', '[vectors]']

/**
 * @param mappings lowest address first
 * @param program without segments where its file cannot be read: then the permissions decide what a mapping of `file` is
 * @returns the pieces, lowest address first; together they cover all mappings
 */
export function findParts(mappings: Mapping[], { file, segments }: ProgramImage): Piece[] {
  const places = placesOf(mappings, file, segments)
  const libraries = new Set(
    mappings.filter(({ permissions }) => permissions[2] === 'x').map(({ name }) => name),
  )
  const cuts = places.flatMap(({ bss, to }) => [bss, to])
  const pieces: Piece[] = []
  for (const mapping of mappings) {
    if (gates.includes(mapping.name)) continue
    let resident = mapping.bytes('Rss')
    for (const [from, to] of cutAt(mapping, cuts)) {
      const share = Math.min(resident, Number(to - from))
      resident -= share
      const { part, name } = identify(mapping, from)
      pieces.push({ part, name, from, to, resident: share, permissions: mapping.permissions })
    }
  }
  return pieces

  function identify(mapping: Mapping, from: bigint): Pick<Piece, 'part' | 'name'> {
    const { name, permissions } = mapping
    const own = name === file || name === '' || name === '[heap]'
    const place = own ? places.find((one) => one.from <= from && from < one.to) : undefined
    if (place) return { part: partOf(place, from, permissions), name: '' }
    if (name === '[heap]') return { part: 'heap', name: '' }
    if (name === '[stack]') return { part: 'stack', name: '' }
    if (/^\[(vdso|vvar)/.test(name)) return { part: 'vdso', name: '' }
    if (name === '' || name.startsWith('[')) {
      const below = pieces.at(-1)
      // Nameless memory directly above the data of a library is its bss.
      const follows = below?.part === 'library' && below.to === from && below.permissions[1] === 'w'
      if (follows && name === '') return { part: 'library', name: below.name }
      return { part: 'anonymous', name: name.replace(/^\[(?:anon:)?|\]$/g, '') }
    }
    const short = basename(name)
    if (/^\/(SYSV|memfd:|dev\/(zero|shm\/))/.test(name)) return { part: 'shared memory', name: short }
    if (permissions[3] === 's' && permissions[1] === 'w') return { part: 'shared memory', name: short }
    const isLibrary = name !== file && (libraries.has(name) || /\.so(\.|$)/.test(short))
    return { part: isLibrary ? 'library' : 'mapped file', name: short }
  }
}

/** The addresses of the segments in memory. The lowest is the lowest mapping of the file, and the distances are those in the file. */
function placesOf(mappings: Mapping[], file: string, segments: LoadSegment[]): Place[] {
  const own = mappings.filter(({ name }) => name === file)
  const [lowest] = own
  if (!lowest) return []
  const [first] = segments
  if (!first) {
    return own.map(({ from, to, permissions }) => {
      const [writable, executable] = [permissions[1] === 'w', permissions[2] === 'x']
      return { from, bss: to, to, writable, executable }
    })
  }
  const moved = lowest.from - pageBelow(first.address, lowest)
  return segments.map(({ address, fileSize, memorySize, writable, executable }) => {
    const start = address + moved
    const to = pageAbove(start + memorySize, lowest)
    const bss = memorySize > fileSize ? start + fileSize : to
    return { from: pageBelow(start, lowest), bss, to, writable, executable }
  })
}

function partOf({ bss, writable, executable }: Place, from: bigint, permissions: string): PartName {
  if (executable) return 'text'
  // RELRO: data that the loader has written and then made read-only, such as the addresses of library functions.
  if (!writable || permissions[1] !== 'w') return 'read-only data'
  return from >= bss ? 'bss' : 'data'
}

function cutAt({ from, to }: Mapping, cuts: bigint[]): [from: bigint, to: bigint][] {
  const within = cuts.filter((cut) => cut > from && cut < to).sort((a, b) => (a < b ? -1 : 1))
  const ends = [...new Set(within), to]
  return ends.map((end, index) => [ends[index - 1] ?? from, end])
}

function pageBelow(address: bigint, mapping: Mapping): bigint {
  return address - (address % pageSize(mapping))
}

function pageAbove(address: bigint, mapping: Mapping): bigint {
  return pageBelow(address + pageSize(mapping) - 1n, mapping)
}

function pageSize(mapping: Mapping): bigint {
  return BigInt(mapping.bytes('KernelPageSize') || 4096)
}
