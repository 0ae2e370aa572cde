import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSmaps, readSmaps } from '../../src/proc/smaps.js'
import { NO_PID, start, temporaryFolder } from '../support/children.js'
import { until } from '../support/until.js'

/** From a small C program on Linux 6.18, without some lines. */
const RECORDED = `55d0c1b0e000-55d0c1b0f000 r-xp 00001000 fe:00 2146745                    /tmp/a.out
Size:                  4 kB
KernelPageSize:        4 kB
Rss:                   4 kB
Private_Clean:         4 kB
Private_Dirty:         0 kB
THPeligible:           0
VmFlags: rd ex mr mw me 
55d0c2b4d000-55d0c2b6e000 rw-p 00000000 00:00 0                          [heap]
Size:                132 kB
Rss:                  16 kB
Private_Dirty:        16 kB
ProtectionKey:         0
VmFlags: rd wr mr mw me ac 
7f39a0000000-7f39a0010000 rw-s 00000000 00:01 5                          /SYSV00011170 (deleted)
Rss:                  64 kB
7ffc05c5d000-7ffc05c7e000 rw-p 00000000 00:00 0                          [stack]
Rss:                  12 kB
VmFlags: rd wr mr mw me gd ac 
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`

const line = (name: string) =>
  `55d0c1b0e000-55d0c1b0f000 r--p 00000000 fe:00 77                         ${name}`

describe('parseSmaps', () => {
  test('reads the fields of each mapping', () => {
    const mappings = parseSmaps(RECORDED)
    expect(mappings.map(({ name }) => name)).toEqual([
      '/tmp/a.out',
      '[heap]',
      '/SYSV00011170 (deleted)',
      '[stack]',
      '[vsyscall]',
    ])
    const [text, heap, , stack, last] = mappings
    expect(text).toMatchObject({
      from: 0x55d0c1b0e000n,
      to: 0x55d0c1b0f000n,
      permissions: 'r-xp',
      offset: 4096,
      device: 'fe:00',
      inode: 2146745,
      flags: ['rd', 'ex', 'mr', 'mw', 'me'],
    })
    expect(heap!.bytes('Rss')).toBe(16 * 1024)
    expect(heap!.bytes('ProtectionKey')).toBe(0)
    expect(heap!.bytes('Pss')).toBe(0)
    expect(stack!.flags).toContain('gd')
    expect(last).toMatchObject({ from: 0xffffffffff600000n, to: 0xffffffffff601000n, flags: [] })
  })

  test.each([
    '/tmp/two words/a.out',
    '/tmp/[heap]',
    '/tmp/a.out (deleted)',
    '/tmp/55d0c1b0e000-55d0c1b0f000 r--p 00000000 fe:00 77 /x',
    '/tmp/Rss: 4 kB',
    '/tmp/ends with a space ',
    '/tmp/carriage\rreturn',
    '/tmp/line\u2028separator',
    '/dev/zero (deleted)',
    'anon_inode:[perf_event]',
    '[anon:Go: heap]',
    '',
  ])('reads %j as a name', (name) => {
    expect(
      parseSmaps(`${line(name)}\nRss: 8 kB\n`).map((mapping) => [mapping.name, mapping.bytes('Rss')]),
    ).toEqual([[name, 8192]])
  })

  test('a newline in a name is read from its escape', () => {
    expect(parseSmaps(line('/tmp/two\\012lines'))[0]!.name).toBe('/tmp/two\nlines')
  })

  test('reads back any list of mappings', () => {
    const name = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `/${text.replace(/[\n\\]/g, '')}`)
    const address = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    const permissions = fc.constantFrom('r-xp', 'rw-p', '---p', 'rw-s')
    const mapping = fc.record({ from: address, to: address, permissions, name })
    fc.assert(
      fc.property(fc.array(mapping, { maxLength: 4 }), (list) => {
        const text = list.map((one) => {
          const range = `${one.from.toString(16)}-${one.to.toString(16)}`
          return `${range} ${one.permissions} 00000000 00:00 7 ${one.name}\nRss: 4 kB\nVmFlags: rd \n`
        })
        const read = parseSmaps(text.join('')).map(({ from, to, permissions, name }) => ({
          from,
          to,
          permissions,
          name,
        }))
        expect(read).toEqual(list)
      }),
    )
  })

  test('finds no mappings in a text that is no smaps file', () => {
    for (const text of ['', '\n', 'Rss: 4 kB\n', 'nonsense', 'zz-yy r-xp 0 0 0'])
      expect(parseSmaps(text)).toEqual([])
  })
})

describe.runIf(process.platform === 'linux')('readSmaps', () => {
  test('reads all mappings of this process, in ascending order, with their flags', () => {
    const mappings = readSmaps(process.pid)!
    expect(mappings.length).toBeGreaterThan(20)
    expect(
      mappings.every(({ from, to }, at) => from < to && (at === 0 || mappings[at - 1]!.to <= from)),
    ).toBe(true)
    expect(
      mappings.filter(({ flags }) => flags.length === 0 || flags.includes('')).map(({ name }) => name),
    ).toEqual([])
    expect(mappings.find(({ name }) => name === '[stack]')!.bytes('Rss')).toBeGreaterThan(0)
  })

  test.each(['two words', 'new\nline', 'back\\slash', '[heap]', 'größe→', 'x (deleted)'])(
    'reads the name of a program %j, also when it has been removed',
    async (name) => {
      const folder = join(temporaryFolder(), name)
      mkdirSync(folder)
      const file = join(folder, name)
      // The program is a copy of one that waits.
      copyFileSync('/bin/cat', file)
      const child = start(file, [], ['pipe', 'ignore', 'ignore'])
      await until(() => readSmaps(child.pid)?.some((mapping) => mapping.name === file))
      rmSync(file)
      expect(readSmaps(child.pid)!.map((mapping) => mapping.name)).toContain(`${file} (deleted)`)
    },
  )

  test('returns undefined for a process that does not exist', () => {
    expect(readSmaps(NO_PID)).toBeUndefined()
  })
})
