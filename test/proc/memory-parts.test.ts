import { describe, expect, test } from 'vitest'
import type { LoadSegment } from '../../src/proc/elf.js'
import { findParts } from '../../src/proc/memory-parts.js'
import { parseSmaps } from '../../src/proc/smaps.js'

/** A small C program with four million bytes of uninitialised variables: PIE, on x86-64. */
const segments: LoadSegment[] = [
  { address: 0x0n, fileSize: 0x700n, memorySize: 0x700n, writable: false, executable: false },
  { address: 0x1000n, fileSize: 0x1edn, memorySize: 0x1edn, writable: false, executable: true },
  { address: 0x2000n, fileSize: 0xf4n, memorySize: 0xf4n, writable: false, executable: false },
  { address: 0x3dd0n, fileSize: 0x264n, memorySize: 0x3d0b90n, writable: true, executable: false },
]

const file = '/tmp/a.out'

/** A mapping: its range, its permissions, its name, and its resident size in KiB. */
type Line = [range: string, permissions: string, name: string, rss?: number]

function partsOf(lines: Line[], known = segments) {
  const text = lines.map(([range, permissions, name, rss = 4]) => {
    const inode = name.startsWith('/') ? 77 : 0
    return `${range} ${permissions} 00000000 00:00 ${inode}   ${name}\nKernelPageSize: 4 kB\nRss: ${rss} kB\n`
  })
  return findParts(parseSmaps(text.join('')), { file, segments: known }).map(
    ({ part, name, from, to, resident }) => {
      return `${from.toString(16)}-${to.toString(16)} ${part}${name && ` ${name}`}, ${resident}`
    },
  )
}

const program: Line[] = [
  ['555555554000-555555555000', 'r--p', file],
  ['555555555000-555555556000', 'r-xp', file],
  ['555555556000-555555557000', 'r--p', file],
  ['555555557000-555555558000', 'r--p', file],
  ['555555558000-555555559000', 'rw-p', file],
]

describe('findParts', () => {
  test('splits the last page of the data where the bss begins, and finds the rest of the bss in memory without a name', () => {
    const rest: Line[] = [
      ['555555559000-555555929000', 'rw-p', '', 8],
      ['555555930000-555555951000', 'rw-p', '[heap]', 12],
    ]
    expect(partsOf([...program, ...rest])).toEqual([
      '555555554000-555555555000 read-only data, 4096',
      '555555555000-555555556000 text, 4096',
      '555555556000-555555557000 read-only data, 4096',
      '555555557000-555555558000 read-only data, 4096',
      '555555558000-555555558034 data, 52',
      '555555558034-555555559000 bss, 4044',
      '555555559000-555555929000 bss, 8192',
      '555555930000-555555951000 heap, 12288',
    ])
  })

  test('splits a mapping that contains bss and heap, which happens without address randomisation', () => {
    expect(partsOf([...program, ['555555559000-555555946000', 'rw-p', '[heap]', 16]]).slice(-2)).toEqual([
      '555555559000-555555929000 bss, 16384',
      '555555929000-555555946000 heap, 0',
    ])
  })

  test('uses permissions where the program file cannot be read', () => {
    expect(partsOf(program, []).map((text) => text.split(/[ ,]+/)[1])).toEqual([
      'read-only',
      'text',
      'read-only',
      'read-only',
      'data',
    ])
  })

  test.each<[string, Line[], string]>([
    [
      'a library, followed by its bss',
      [
        ['7f00-7f01', 'r-xp', '/lib/libc.so.6'],
        ['7f01-7f02', 'rw-p', '/lib/libc.so.6'],
        ['7f02-7f03', 'rw-p', ''],
      ],
      'library libc.so.6',
    ],
    ['nameless memory', [['7f03-7f05', 'rw-p', '']], 'anonymous'],
    ['memory that its owner has named', [['7f03-7f05', 'rw-p', '[anon:Go: heap]']], 'anonymous Go: heap'],
    ['a file of data', [['7f03-7f05', 'r--p', '/usr/share/locale/C']], 'mapped file C'],
    ['a file mapped shared and read-only', [['7f03-7f05', 'r--s', '/usr/lib/cache']], 'mapped file cache'],
    [
      'a System V segment',
      [['7f03-7f05', 'r--s', '/SYSV00011170 (deleted)']],
      'shared memory SYSV00011170 (deleted)',
    ],
    [
      'shared memory without a name',
      [['7f03-7f05', 'rw-s', '/dev/zero (deleted)']],
      'shared memory zero (deleted)',
    ],
    ['a file mapped shared', [['7f03-7f05', 'rw-s', '/tmp/ring']], 'shared memory ring'],
    [
      'the mappings that every process has',
      [
        ['7f03-7f05', 'r--p', '[vvar]'],
        ['7f05-7f07', 'r-xp', '[vdso]'],
      ],
      'vdso',
    ],
    ['the stack', [['7f03-7f05', 'rw-p', '[stack]']], 'stack'],
    ['a file with the name of the heap', [['7f03-7f05', 'rw-p', '/tmp/[heap]']], 'mapped file [heap]'],
  ])('recognizes %s', (_, lines, part) => {
    const found = partsOf(lines)
    expect(found).toHaveLength(lines.length)
    for (const text of found) expect(text).toContain(` ${part}, `)
  })

  test('omits mappings at addresses of the kernel', () => {
    expect(partsOf([['ffffffffff600000-ffffffffff601000', '--xp', '[vsyscall]']])).toEqual([])
  })
})
