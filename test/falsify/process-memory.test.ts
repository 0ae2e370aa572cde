/** Claims of `process layout` and `process fork` that come out false. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import { processGrow } from '../../src/demos/process/grow.js'
import { processLayout } from '../../src/demos/process/layout.js'
import type { Event } from '../../src/events.js'
import { cc, noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { newPlace, parseEvents } from '../support/osdemo.js'
import { perform } from '../support/perform.js'
import { procSays } from '../support/proc-says.js'

async function play(words: string[], env: Record<string, string>): Promise<Event[]> {
  const run = newPlace().osdemo([...words, '--json'], { env })
  await run.exit
  return parseEvents(run.stdout())
}

/** A cat that may write its text and execute its data, has given back the first pages of its heap, and has moved its stack. */
const strangeCat = `
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static char data[65536] = {1};
static char other_stack[65536];
static ucontext_t back, there;

static void wait_for_input(void) {
  char byte;
  while (read(0, &byte, 1) == 1) {}
}

int main(void) {
  uintptr_t page = ~(uintptr_t)4095;
  mprotect((void *)((uintptr_t)main & page), 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  mprotect((void *)(((uintptr_t)data + 4096) & page), 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  char *heap = sbrk(16 * 4096);
  *(volatile char *)(heap + 8 * 4096) = 1;
  munmap((void *)((uintptr_t)heap & page), 4 * 4096);
  getcontext(&there);
  there.uc_stack.ss_sp = other_stack;
  there.uc_stack.ss_size = sizeof other_stack;
  there.uc_link = &back;
  makecontext(&there, wait_for_input, 0);
  swapcontext(&back, &there);
  return 0;
}
`

/** The lines of a smaps file that begin a mapping. */
const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+)(.*)$/

function editMappings(text: string, edit: (from: bigint, to: bigint, rest: string) => string): string {
  const lines = text.split('\n').map((line) => {
    const [, from, to, rights, more] = head.exec(line) ?? []
    return from === undefined ? line : edit(BigInt(`0x${from}`), BigInt(`0x${to}`), `${rights}${more}`)
  })
  return lines.join('\n')
}

const range = (from: bigint, to: bigint, rest: string) => `${from.toString(16)}-${to.toString(16)} ${rest}`

falsify(
  ['memory/parts-do-not-overlap', 'memory/parts-add-up'],
  'a kernel whose mappings overlap',
  async () => {
    procSays(
      /\/smaps$/,
      (text) =>
        text &&
        editMappings(text, (from, to, rest) => range(from, rest.startsWith('r-x') ? to + 8192n : to, rest)),
    )
    const { events } = await perform(processLayout)
    return events
  },
)

falsify(
  ['memory/large-piece-lies-outside-heap', 'memory/fixed-parts-keep-their-size'],
  'a kernel that shows too little of a large mapping, and whose text grows',
  async () => {
    const large = 64n * 1024n * 1024n
    let reads = 0n
    procSays(/\/smaps$/, (text) => {
      reads++
      return (
        text &&
        editMappings(text, (from, to, rest) => {
          if (rest.startsWith('rw-p') && to - from >= large) return range(from, from + 4096n, rest)
          return range(from, rest.startsWith('r-x') ? to - reads * 4096n : to, rest)
        })
      )
    })
    const { events } = await perform(processGrow)
    return events
  },
)

const isGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header

describe.skipIf(!isGlibc)('with malloc of glibc (skipped with another)', () => {
  falsify(
    ['memory/heap-grows-with-small-pieces', 'memory/stack-grows-with-recursion'],
    'a heap that malloc has made large before, and a stack that has grown before',
    () => {
      const file = join(temporaryFolder(), 'deep.cjs')
      writeFileSync(file, 'const deeper = () => deeper()\ntry {\n  deeper()\n} catch {}\n')
      return play(['process', 'layout', '--grow'], {
        NODE_OPTIONS: `--require=${file}`,
        MALLOC_TOP_PAD_: `${100 * 1024 * 1024}`,
      })
    },
  )
})

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    [
      'memory/text-is-executable-not-writable',
      'memory/data-is-writable-not-executable',
      'memory/heap-begins-at-start-brk',
      'memory/stack-pointer-is-in-stack',
    ],
    'a cat with other permissions, another stack, and a gap before its heap',
    () => {
      const folder = temporaryFolder()
      const source = join(folder, 'cat.c')
      writeFileSync(source, strangeCat)
      execFileSync(cc, ['-w', '-o', join(folder, 'cat'), source])
      return play(['process', 'layout'], { PATH: `${folder}:${process.env.PATH}` })
    },
  )

  falsify(
    ['fork/private-memory-is-separate', 'fork/copies-page-on-write', 'fork/shared-memory-is-not-copied'],
    'a child that shares the memory of its parent: vfork(2) in place of fork(2)',
    () =>
      play(['process', 'fork'], {
        XDG_CACHE_HOME: temporaryFolder(),
        PATH: pathWithCompiler('s/= fork()/= vfork()/'),
      }),
  )

  falsify(
    [
      'fork/addresses-are-the-same',
      'fork/child-starts-with-the-same-values',
      'fork/file-offset-is-shared',
      'fork/shared-memory-is-shared',
    ],
    'a child that maps its own memory and opens its own file, as after execve(2)',
    () =>
      play(['process', 'fork'], {
        XDG_CACHE_HOME: temporaryFolder(),
        PATH: pathWithCompiler(
          's/char buffer\\[5\\];/&\\n    variables[4].at = map(MAP_PRIVATE);/',
          's/if (read(fd, buffer/fd = fileno(tmpfile()); write(fd, "01234", 5); lseek(fd, 0, SEEK_SET);\\n    &/',
        ),
      }),
  )
})
