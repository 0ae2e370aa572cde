/** Claims of `process tree`, `orphan` and `zombie` that come out false. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { processOrphan } from '../../src/demos/process/orphan.js'
import { processTree } from '../../src/demos/process/tree.js'
import { processZombie } from '../../src/demos/process/zombie.js'
import type { Event } from '../../src/events.js'
import { readCommandLine } from '../../src/proc/cmdline.js'
import { readStat } from '../../src/proc/stat.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { meddled } from '../support/meddle.js'
import { newPlace, parseEvents } from '../support/osdemo.js'
import { perform } from '../support/perform.js'
import { editStat, procSays } from '../support/proc-says.js'
import { waitWhile } from '../support/until.js'

/** A PATH in which a shell script comes before the program of the same name. */
function pathWithScript(name: string, script: string): string {
  const folder = temporaryFolder()
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return `${folder}:${process.env.PATH}`
}

async function play(words: string[], env: Record<string, string>): Promise<Event[]> {
  const run = newPlace().osdemo([...words, '--json'], { env })
  await run.exit
  return parseEvents(run.stdout())
}

// A child in the background would read /dev/null.
const forkingSetpriv = `
shift 6
exec 4<&0
"$@" <&4 &
wait $!`

falsify(
  ['process/parent-is-who-started-it', 'orphan/is-adopted', 'orphan/adopter-is-an-ancestor'],
  'a setpriv that starts the parent as a child, so the process that dies is another one',
  () => play(['process', 'orphan'], { PATH: pathWithScript('setpriv', forkingSetpriv) }),
)

falsify(
  ['orphan/continues', 'orphan/can-be-terminated'],
  'a child that answers once only, and ignores SIGTERM',
  async () => {
    const PATH = pathWithScript(
      'cat',
      `trap '' TERM; read -r line; echo "$line"; read -r line; echo no; exec /bin/cat`,
    )
    vi.stubEnv('PATH', PATH)
    const { events } = await perform(meddled(processOrphan()))
    return events
  },
)

test('a parent that another process kills early makes claims fail, and no call of the demo', async () => {
  const { events } = await perform(
    meddled(processOrphan(), (fact) => {
      if (fact.event === 'started' && fact.name === 'child')
        process.kill(readStat(fact.child)!.ppid, 'SIGKILL')
    }),
  )
  const failed = events.flatMap((event) => (event.event === 'claim' && !event.holds ? [event.id] : []))
  expect(failed).toContain('process/parent-is-who-started-it')
  const last = events.at(-1)
  expect(last).toMatchObject({ event: 'error', exit: 1 })
  expect(last).not.toHaveProperty('call')
})

/** The parent reaps its child, which was killed, before the demo looks. The child of the other parent survives its SIGTERM. */
falsify(
  [
    'zombie/exited-process-becomes-one',
    'zombie/has-no-memory-or-files',
    'zombie/keeps-its-pid',
    'zombie/keeps-its-exit-code',
    'zombie/sigkill-does-not-remove-it',
    'zombie/parent-gets-exit-code',
    'zombie/is-gone-when-reaped',
    'zombie/killed-process-becomes-one',
    'zombie/keeps-the-signal-that-killed-it',
    'zombie/is-adopted-when-parent-dies',
  ],
  'a child killed while another process continues its parent, and one that ignores SIGTERM',
  async () => {
    vi.stubEnv('PATH', pathWithScript('cat', `trap '' TERM; PATH=/usr/bin:/bin; exec cat`))
    let child = 0
    const { events } = await perform(
      meddled(processZombie(), (fact) => {
        if (fact.event === 'started') child = fact.child
        // Earlier, a signal would meet the shell before its trap.
        if (fact.event === 'started' && fact.name === 'child-2') {
          waitWhile(() => readCommandLine(child)?.[0] !== 'cat')
        }
        if (fact.event !== 'state' || fact.state !== 'stopped') return
        // Shells report other signals on stderr.
        process.kill(child, 'SIGPIPE')
        process.kill(fact.child, 'SIGCONT')
        waitWhile(() => existsSync(`/proc/${child}`))
      }),
    )
    return events
  },
)

/** A kernel that never changes the PPid of a process, and keeps its entry after it was reaped. */
function kernelThatForgetsNothing(): void {
  const kept = new Map<string, { text: string; ppid: string }>()
  procSays(/^\/proc\/\d+\/stat$/, (text, path) => {
    const before = kept.get(path)
    if (text === undefined) return before?.text
    let ppid = before?.ppid
    const edited = editStat(text, { 4: (now) => (ppid ??= now) })
    kept.set(path, { text: edited, ppid: ppid ?? '' })
    return edited
  })
}

falsify(
  ['zombie/is-gone-when-reaped', 'zombie/is-adopted-when-parent-dies'],
  'a kernel that keeps the entry of a reaped child, and names a dead parent',
  async () => {
    kernelThatForgetsNothing()
    const { events } = await perform(meddled(processZombie()))
    return events
  },
)

falsify(
  ['process/kernel-lists-all-descendants'],
  'children that start a child of their own, which nobody reports',
  async () => {
    const again = () =>
      play(['process', 'tree'], { PATH: pathWithScript('cat', `exec 4<&0; /bin/cat <&4 & wait`) })
    // The demo may look before the script has started its child.
    let events = await again()
    for (let more = 9; more > 0 && events.every((event) => event.event !== 'claim' || event.holds); more--)
      events = await again()
    return events
  },
)

falsify(
  ['process/ancestry-ends-at-pid-1', 'process/is-younger-than-its-parent'],
  'a kernel that names a parent of pid 1, and a process that is older than its parent',
  async () => {
    procSays(/^\/proc\/1\/stat$/, (text) => text && editStat(text, { 4: () => '4194304' }))
    const { events } = await perform(meddled(processTree()))
    return events
  },
)

falsify(
  ['process/kernel-threads-descend-from-pid-2'],
  'a kernel that counts pid 1 among its threads',
  async () => {
    procSays(
      /^\/proc\/1\/stat$/,
      (text) => text && editStat(text, { 9: (flags) => `${Number(flags) | 0x20_0000}` }),
    )
    const { events } = await perform(meddled(processTree()))
    return events
  },
)
