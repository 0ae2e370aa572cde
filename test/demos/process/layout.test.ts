/** `osdemo process layout`, compared with programs that print the addresses of their own variables. */
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { describe, expect, test } from 'vitest'
import { spec } from '../../../src/commands/process/layout.js'
import { UsageError } from '../../../src/errors.js'
import { type Event, numberIn, type Region } from '../../../src/events.js'
import { readNumbers, readText } from '../../../src/proc/read.js'
import { readStat } from '../../../src/proc/stat.js'
import { start } from '../../support/children.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import {
  expectNothingLeft,
  newPlace,
  placeOfNobody,
  playDemo,
  type RunOptions,
  temporaryFolder,
} from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'
import { until } from '../../support/until.js'

function regionsOf(events: Event[]): Region[] {
  return events.flatMap((event) => (event.event === 'evidence' && event.region ? [event.region] : []))
}

/** The part that osdemo names for an address. */
function partAt(regions: Region[], address: bigint): string | undefined {
  return regions.find(({ from, to }) => BigInt(`0x${from}`) <= address && address < BigInt(`0x${to}`))?.part
}

async function fails(words: string[], options?: RunOptions, place = newPlace()) {
  const run = place.osdemo(['process', 'layout', ...words], options)
  const exit = await run.exit
  expectNothingLeft(place)
  return `${exit}: ${run.stderr()}`
}

/** A program that prints addresses, each with the name of the part that it has to lie in. */
const source = `
#include <stdio.h>
#include <stdlib.h>
int initialised = 7, large[5000] = {7}, uninitialised, blank[100000];
const int constant = 7;
static int function(void) { return 7; }
int main(void) {
  int local = function();
  printf("data %p\\ndata %p\\nbss %p\\nbss %p\\nread-only data %p\\ntext %p\\nstack %p\\nheap %p\\nanonymous %p\\n",
    (void *)&initialised, (void *)&large[4999], (void *)&uninitialised, (void *)&blank[99999], (void *)&constant,
    (void *)function, (void *)&local, malloc(100), malloc(10000000));
  fflush(stdout);
  return getchar() + local + large[1] + uninitialised + blank[1];
}
`

const noCompiler = spawnSync('cc', ['--version']).status !== 0

describe.skipIf(noCompiler)(`a C program${noCompiler ? ' (skipped: there is no cc here)' : ''}`, () => {
  test.each([
    ['position-independent', ['-pie', '-fPIE'], []],
    ['at fixed addresses', ['-no-pie'], []],
    ['static', ['-static', '-no-pie'], []],
    ['without address randomisation', ['-pie', '-fPIE'], ['setarch', '-R']],
  ])('%s: each address that it prints lies in the part that osdemo names', async (_, flags, prefix) => {
    const folder = temporaryFolder()
    const [file, program] = [join(folder, 'a.c'), join(folder, 'a.out')]
    writeFileSync(file, source)
    expect(spawnSync('cc', [...flags, '-o', program, file], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    })
    const events = await playDemo(['process', 'layout', '--', ...prefix, program])
    const said = events.flatMap((event) => (event.event === 'note' ? [event.text] : []))
    const lines = said.flatMap(
      (text) => /printed: (\D+) (0x[0-9a-f]+) \(this address lies in (.*)\)$/.exec(text) ?? [],
    )
    expect(lines.length).toBe(9 * 4)
    const regions = regionsOf(events)
    for (let at = 0; at < lines.length; at += 4) {
      const [, expected, address, named] = lines.slice(at) as [string, string, string, string]
      expect([address, partAt(regions, BigInt(address)), named]).toEqual([address, expected, expected])
    }
  })
})

describe('a picture', () => {
  test('of the small child has each part of the textbook, the highest address first, and nothing twice', async () => {
    const events = await playDemo(['process', 'layout'])
    expect(claimIdsOf(events)).toEqual(
      expect.arrayContaining([
        'memory/parts-do-not-overlap',
        'memory/text-is-executable-not-writable',
        'memory/data-is-writable-not-executable',
      ]),
    )
    const regions = regionsOf(events)
    const parts = regions.map(({ part }) => part)
    expect(parts).toEqual(
      expect.arrayContaining(['stack', 'vdso', 'library', 'heap', 'bss', 'data', 'read-only data', 'text']),
    )
    expect(parts[0]).toBe('stack')
    // A user who may not read the registers sees no pointers.
    if (claimIdsOf(events).includes('memory/stack-pointer-is-in-stack'))
      expect(valuesOf(slideOf(events), 'data-part')).toContain('stack')
    for (const [at, { from }] of regions.entries()) {
      const below = regions[at + 1]
      if (below) expect(BigInt(`0x${from}`)).toBeGreaterThanOrEqual(BigInt(`0x${below.to}`))
    }
    expect(regions.filter(({ grows }) => grows).map(({ part, grows }) => `${part} ${grows}`)).toEqual([
      'stack down',
      'heap up',
    ])
  })

  test('of a Node process, with a hundred mappings, fits a screen', async () => {
    const child = start(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    await until(
      () =>
        readStat(child.pid)?.state === 'S' &&
        (readText(`/proc/${child.pid}/maps`)?.split('\n').length ?? 0) > 60,
    )
    const run = newPlace().osdemo(['process', 'layout', `${child.pid}`])
    expect(await run.exit).toBe(0)
    const lines = run.stdout().split('\n')
    expect(lines.filter((line) => / [│┊] .* [│┊]/.test(line)).length).toBeLessThan(32)
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(80)
  })

  test('with --grow shows that heap, stack and mapped memory grow, and text, data and bss do not', async () => {
    // When another mapping lies just above the heap, malloc uses other memory, and the demo claims nothing about the heap.
    const events = await until(async () => {
      const events = await playDemo(['process', 'layout', '--grow'])
      return claimIdsOf(events).includes('memory/heap-grows-with-small-pieces') && events
    })
    expect(claimIdsOf(events).slice(-4)).toEqual([
      'memory/heap-grows-with-small-pieces',
      'memory/stack-grows-with-recursion',
      'memory/large-piece-lies-outside-heap',
      'memory/fixed-parts-keep-their-size',
    ])
    const grown = dataFrom(events, /\/smaps$/).filter((data) => 'anonymous' in Object(data))
    // Bytes that a step adds at least. Node allocates memory too.
    const least = { heap: 2 ** 23, stack: 2 ** 18, anonymous: 2 ** 25 }
    const larger = grown.map((data) =>
      Object.entries(least).flatMap(([part, bytes]) => (numberIn(data, part)! >= bytes ? [part] : [])),
    )
    expect(larger).toEqual([['heap'], ['stack'], ['anonymous']])
    expect(valuesOf(slideOf(events), 'data-grown')).toEqual(['heap', 'stack', 'anonymous'])
  })
})

test.each<[operands: string[], grow: boolean, command: string[] | undefined, message: RegExp]>([
  [['1', 'cat'], false, ['cat'], /exclude each other/],
  [['1'], true, undefined, /--grow starts its own child/],
  [['cat'], true, ['cat'], /--grow starts its own child/],
  [['1', '2'], false, undefined, /more than one PID/],
  [['x'], false, undefined, /'x' is no pid/],
  [['0'], false, undefined, /'0' is no pid/],
  [['4194305'], false, undefined, /'4194305' is no pid/],
  [[], false, [], /no command after --/],
])('the words %j, --grow %j, -- %j are a wrong command line', (operands, grow, command, message) => {
  const parser = new Command()
  const nameDemo = spec.configure(parser)
  const own = operands.slice(0, operands.length - (command?.length ?? 0))
  parser.parse([...(grow ? ['--grow'] : []), ...own, ...(command ? ['--', ...command] : [])], {
    from: 'user',
  })
  const ask = () => nameDemo({}, { payload: false, events: true }, command)
  expect(ask).toThrow(UsageError)
  expect(ask).toThrow(message)
})

describe('it refuses', () => {
  test('a process that does not exist', async () => {
    expect(await fails(['4194304'])).toMatch(/^1: osdemo: there is no process 4194304\n/)
  })

  test('a zombie', async () => {
    const parent = start('sh', ['-c', 'true & exec sleep 60'])
    const zombie = await until(() =>
      readNumbers('/proc').find((pid) => {
        const stat = readStat(pid)
        return stat?.ppid === parent.pid && stat.state === 'Z'
      }),
    )
    expect(await fails([`${zombie}`])).toMatch(
      /^1: osdemo: process \d+ \(.*\) has no memory left: it is a zombie/,
    )
  })

  test('a thread of the kernel', async ({ skip }) => {
    skip(readStat(2)?.comm !== 'kthreadd', 'the threads of the kernel cannot be seen in here')
    expect(await fails(['2'])).toMatch(/^1: osdemo: process 2 \(kthreadd\) is a thread of the kernel/)
  })

  test("another user's process", async (context) => {
    const { place, options } = placeOfNobody(context)
    const { pid } = start('sleep', ['60'])
    await until(() => readStat(pid)?.comm === 'sleep')
    expect(await fails([`${pid}`], options, place)).toMatch(
      /^1: osdemo: cannot read the memory of process \d+ \(sleep\): EACCES .*\n.*as root/,
    )
  })

  test.each([
    [
      ['--', '/nonexistent/a.out'],
      /^1: .*cannot execute \/nonexistent\/a.out: there is no such program\n.*Check the path/,
    ],
    [['--', '/etc/passwd'], /^1: .*cannot execute \/etc\/passwd: .*EACCES.*\n.*chmod \+x/],
    [['--', '/tmp'], /^1: .*cannot execute \/tmp/],
    [['--', 'true'], /^1: osdemo: true exited before its memory could be read \(exit code 0\)\n.*getchar/],
    [['--', 'sh', '-c', 'exit 127'], /^1: /],
  ])('%j', async (words, message) => {
    expect(await fails(words)).toMatch(message)
  })

  test('a file that the kernel cannot execute', async () => {
    const file = join(temporaryFolder(), 'script')
    writeFileSync(file, '#!/nonexistent/interpreter\n')
    chmodSync(file, 0o755)
    expect(await fails(['--', file])).toMatch(/^1: [\s\S]*\nosdemo: cannot execute .*script: /)
  })
})

test('a program that never waits is shown while it runs', async () => {
  const events = await playDemo(['process', 'layout', '--', 'sh', '-c', 'while :; do :; done'])
  expect(only(events, 'note').map(({ role }) => role)).toContain('aside')
  expect(claimIdsOf(events)).toContain('memory/parts-do-not-overlap')
})

test('the output of a program cannot control the terminal, and only its first lines are shown', async () => {
  const line = 'i=0; while [ $i -lt 100 ]; do printf "\\\\033[2Jline\\n"; i=$((i+1)); done; read x'
  const run = newPlace().osdemo(['process', 'layout', '--', 'sh', '-c', line])
  expect(await run.exit).toBe(0)
  expect(run.stdout()).not.toContain('\u001b')
  expect(run.stdout()).toContain('The program printed 80 more lines.')
})
