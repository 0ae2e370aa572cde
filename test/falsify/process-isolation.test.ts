/** Claims of `process isolation` that come out false. */
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { processIsolation } from '../../src/demos/process/isolation.js'
import type { Event, Fact } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'
import { meddled } from '../support/meddle.js'
import { perform } from '../support/perform.js'
import { mayReadFrames } from '../support/rights.js'

/** Plays the demo with a program that was edited by sed. */
function playEdited(...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['process', 'isolation'])
}

/** The variable lies in a file that both processes map, as if they had one memory. */
function inOneFile(file: string): string[] {
  const map = `mmap((void *)room, sizeof room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);`
  const open = `int file = open("${file}", O_RDWR | O_CREAT, 0600); ftruncate(file, sizeof room); ${map}`
  return [
    's/^static volatile int number;/#include <fcntl.h>\\nstatic volatile int room[65536] __attribute__((aligned(65536)));\\n#define number room[0]/',
    `s@^  give_up_root_right();@  ${open}@`,
  ]
}

/** Each process writes to its first page of instructions, which the kernel copies for it. */
const ownText =
  's@^  number = argc@  char *page = (char *)((unsigned long)main / 4096 * 4096);\\n' +
  '  mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC); *(volatile char *)page = *page;\\n' +
  '  mprotect(page, 4096, PROT_READ | PROT_EXEC);\\n&@'

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(['isolation/same-address-has-different-content'], 'a variable in a file that both map', () =>
    playEdited(...inOneFile(join(temporaryFolder(), 'number'))),
  )

  describe.skipIf(!mayReadFrames)('with the right to see physical memory (skipped without)', () => {
    falsify(
      ['isolation/same-address-leads-to-different-pages', 'isolation/text-is-in-memory-once'],
      'a variable in a file that both map, and instructions that each process has changed',
      () => playEdited(...inOneFile(join(temporaryFolder(), 'number')), ownText),
    )
  })

  falsify(
    ['isolation/reading-needs-a-right', 'isolation/wrong-pointer-kills-its-process'],
    'a process that reads its own memory, and whose pointer is right',
    () =>
      playEdited(
        's/process_vm_readv(pid,/process_vm_readv(getpid(),/',
        's/^  \\*(volatile int \\*)address = number;/  number = 3;/',
      ),
  )

  falsify(['isolation/other-process-continues'], 'a first process that is killed too', async () => {
    let first = 0
    const disturb = (fact: Fact) => {
      if (fact.event === 'evidence') first ||= Number(/^\/proc\/(\d+)\/exe/.exec(fact.source)?.[1] ?? 0)
      if (fact.event === 'claim' && fact.id === 'isolation/wrong-pointer-kills-its-process') {
        process.kill(first, 'SIGKILL')
      }
    }
    const { events } = await perform(meddled(processIsolation, disturb))
    const deaths = events.flatMap((event) =>
      event.event === 'evidence' && event.source === 'wait(2)' ? [event.data] : [],
    )
    expect(deaths).toEqual([{ signal: 'SIGSEGV' }, { signal: 'SIGKILL' }])
    return events
  })
})
