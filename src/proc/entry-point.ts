/** Where a program begins: /proc/PID/auxv, man 3 getauxval. Only users who may trace the process may read it. */
import { readMemory } from './process-memory.js'
import { folder, readBytes } from './read.js'

/** Keys of linux/auxvec.h: the address of the dynamic linker, 0 where there is none, and the entry point of the program. */
const AT_BASE = 7n
const AT_ENTRY = 9n

/** The values of an auxv file of a 64-bit process, by their keys. */
function parseAuxv(bytes: Buffer): Map<bigint, bigint> {
  const pairs = Array.from({ length: Math.floor(bytes.length / 16) }, (_, index) => index * 16)
  return new Map(pairs.map((at) => [bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8)]))
}

/**
 * The address of the first instruction after execve(2): that of the dynamic linker, which loads libraries and then starts the
 * program. Undefined where it cannot be read.
 */
export function readEntryPoint(pid: number): bigint | undefined {
  const auxv = parseAuxv(readBytes(`${folder(pid)}/auxv`) ?? Buffer.alloc(0))
  const base = auxv.get(AT_BASE) ?? 0n
  if (base === 0n) return auxv.get(AT_ENTRY)
  // In the ELF header of 64 bits, the entry point is the field at 24: man 5 elf.
  const field = readMemory(pid, base + 24n, 8)
  return field?.length === 8 ? base + field.readBigUInt64LE() : undefined
}
