/** `osdemo doctor`: what it reports of a machine that lacks something, and whether the commands then do what it reports. */

import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, symlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../src/commands/index.js'
import { type Check, checks } from '../../src/demos/doctor/checks.js'
import { allNeeds } from '../../src/demos/doctor/judge.js'
import type { Data } from '../../src/events.js'
import { cc, noCompiler } from '../support/compiler.js'
import { denier } from '../support/deny.js'
import { claimIdsOf } from '../support/facts.js'
import { pathWith, temporaryFolder } from '../support/folders.js'
import {
  expectNothingLeft,
  invalidEvents,
  newPlace,
  type Place,
  parseEvents,
  placeOfNobody,
} from '../support/osdemo.js'

/** Starts a line of sh in which `osdemo` runs on a machine that lacks something. */
type Machine = (line: string) => ReturnType<Place['sh']>

/** What the report says of a command: its verdict, and what it lacks. */
interface Verdict {
  verdict: unknown
  needs: unknown[]
}

async function verdicts(machine: Machine) {
  const run = machine('osdemo doctor --json')
  expect({ exit: await run.exit, stderr: run.stderr() }).toEqual({ exit: 0, stderr: '' })
  const events = parseEvents(run.stdout())
  expect(invalidEvents(events)).toEqual([])
  const notes = events.filter((event) => event.event === 'note')
  const records = notes.flatMap(({ data, row }) => (row && isRecord(data) ? [data] : []))
  const found = new Map<string, Verdict>()
  for (const { commands, verdict, need } of records) {
    for (const command of Array.isArray(commands) ? commands.map(String) : []) {
      const { needs } = found.get(command) ?? { needs: [] }
      found.set(command, { verdict, needs: [...needs, ...(need === null ? [] : [need])] })
    }
  }
  return {
    events,
    of: (command: string) => found.get(command),
    /** How a need is explained: from its headline to the next one. */
    about(need: string): string {
      const from = notes.findIndex(
        ({ role, data }) => role === 'opening' && isRecord(data) && data.need === need,
      )
      const rest = notes.slice(from + 1)
      const to = rest.findIndex(({ role }) => role === 'opening')
      return from < 0
        ? ''
        : rest
            .slice(0, to < 0 ? undefined : to)
            .map(({ text }) => text)
            .join('\n')
    },
  }
}

function isRecord(data: Data | undefined): data is { [name: string]: Cell | Cell[] } {
  return typeof data === 'object' && !Array.isArray(data)
}

type Cell = string | number | boolean | null

const works = { verdict: 'works', needs: [] }

async function exitOf(machine: Machine, command: string): Promise<number> {
  return machine(`osdemo ${command} > /dev/null`).exit
}

test('every command has been considered, and every check is of use to one', () => {
  const used = new Set<string>([...commands.values()].flatMap(({ needs }) => allNeeds(needs)))
  // What others need in turn.
  for (const { after = [] } of Object.values<Check>(checks)) for (const need of after) used.add(need)
  expect([...used].sort()).toEqual(Object.keys(checks).sort())
})

test('it judges every command, with evidence, and leaves nothing behind', async () => {
  const place = newPlace()
  const { events, of } = await verdicts((line) => place.sh(line))
  for (const name of commands.keys()) if (name !== 'doctor') expect(of(name), name).toBeDefined()
  expect(events.filter(({ event }) => event === 'evidence').length).toBe(Object.keys(checks).length)
  expect(of('pipe demo')).toEqual(works)
  expectNothingLeft(place)
})

test('on a terminal or in a file the report is a document of 80 columns', async () => {
  const run = newPlace().osdemo(['doctor'])
  expect(await run.exit).toBe(0)
  const lines = run.stdout().split('\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(lines.some((line) => /^ {2}pipe +all \d+ +works/.test(line))).toBe(true)
})

test('without the programs mkfifo, setpriv, cat and cc', async () => {
  const folder = pathWith('sh', 'env')
  const place = newPlace()
  const machine: Machine = (line) => place.sh(`PATH='${folder}'; ${line}`)
  const { of, about } = await verdicts(machine)
  expect(of('pipe demo')).toEqual({ verdict: 'does not work', needs: ['fifo'] })
  expect(of('pipe capacity')).toEqual({ verdict: 'does not work', needs: ['fifo'] })
  expect(of('process fork')).toEqual({ verdict: 'does not work', needs: ['compiler'] })
  expect(of('process zombie')).toEqual({ verdict: 'does not work', needs: ['shell'] })
  expect(about('fifo')).toContain('coreutils')
  expect(about('leash')).toContain('util-linux')
  expect(of('pipe read')).toEqual({ verdict: 'works with limits', needs: ['fifo'] })
  expect(about('fifo')).toMatch(/pipe read, pipe write: .*--path/)
  expect(of('tour')).toEqual({ verdict: 'works with limits', needs: [] })
  expect(of('short-reads')).toEqual(works)
  expect(await exitOf(machine, 'pipe demo')).toBe(69)
  expect(await exitOf(machine, 'short-reads')).toBe(0)
})

test('with a runtime folder of another user', async () => {
  const place = newPlace()
  symlinkSync('/etc', join(place.folder, 'osdemo'))
  const machine: Machine = (line) => place.sh(line)
  const { of, about, events } = await verdicts(machine)
  expect(of('pipe demo')).toEqual({ verdict: 'does not work', needs: ['folder'] })
  expect(of('shm demo')).toEqual({ verdict: 'does not work', needs: ['folder'] })
  expect(about('folder')).toContain('XDG_RUNTIME_DIR')
  expect(events.some((event) => event.event === 'evidence' && event.value.includes('symbolic link'))).toBe(
    true,
  )
  expect(of('pipe write')?.verdict).toBe('works with limits')
  expect(await exitOf(machine, 'pipe demo')).toBe(1)
})

test('in a folder that was removed it judges every command all the same', async () => {
  const place = newPlace()
  const { of } = await verdicts((line) => place.sh(`mkdir gone; cd gone; rmdir ../gone; ${line}`))
  for (const name of commands.keys()) if (name !== 'doctor') expect(of(name), name).toBeDefined()
  expect(of('pipe demo')).toEqual({ verdict: 'does not work', needs: ['fifo'] })
})

test('with an XDG_RUNTIME_DIR that is missing it says which folder is used instead', async () => {
  const place = newPlace()
  const { events } = await verdicts((line) => place.sh(`XDG_RUNTIME_DIR=${place.folder}/missing ${line}`))
  const made = events.find((event) => event.event === 'evidence' && event.source === 'mkfifo')
  expect(made).toMatchObject({
    data: { folder: expect.stringMatching(/^\/(run\/user\/\d+\/osdemo|tmp\/osdemo-\d+)$/) },
  })
})

const pinnable = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0
test.skipIf(!pinnable)(
  `on one CPU${pinnable ? '' : ' (skipped: there is but one, or no taskset)'}`,
  async () => {
    const place = newPlace()
    const { of } = await verdicts((line) => place.sh(`taskset -pc 0 $$ > /dev/null; ${line}`))
    expect(of('shm threads')).toEqual({ verdict: 'works with limits', needs: ['cpus'] })
    expect(of('tcp-echo demo')).toEqual(works)
  },
)

test('with 40 open files at most', async () => {
  const place = newPlace()
  const machine: Machine = (line) => place.sh(`ulimit -n 40; ${line}`)
  const { of } = await verdicts(machine)
  expect(of('shm threads')).toEqual({ verdict: 'works with limits', needs: ['files'] })
  expect(await exitOf(machine, 'shm --workers 16')).toBeGreaterThan(0)
})

const lacks = [
  {
    lack: 'without /proc',
    prefix: ['unshare', '-m', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh'],
    cannot: ['pipe demo', 'pipe write', 'tcp-echo demo', 'shm threads'],
    can: 'short-reads',
  },
  {
    lack: 'with the /proc of another pid namespace',
    prefix: ['unshare', '--pid', '--fork'],
    cannot: ['pipe demo', 'process tree', 'shm race', 'shm ring'],
    can: 'shm list',
  },
  {
    lack: 'without a network',
    prefix: ['unshare', '-n'],
    cannot: ['tcp-echo demo', 'short-reads'],
    can: 'pipe demo',
  },
  {
    lack: 'with a runtime folder that is open to others, on a disk that is read-only',
    prefix: [
      'unshare',
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs none /mnt && mkdir -m 755 /mnt/osdemo && mount -o remount,ro /mnt && exec env XDG_RUNTIME_DIR=/mnt "$@"',
      'sh',
    ],
    cannot: ['pipe demo', 'shm write'],
    can: 'short-reads',
  },
]

test.for(lacks)(
  '$lack: what does not work fails, and what works exits with 0',
  async (situation, context) => {
    const { prefix, cannot, can } = situation
    const probe = spawnSync('env', [...prefix, 'true'])
    context.skip(probe.status !== 0, 'needs root, unshare, and a kernel with namespaces')
    const place = newPlace()
    // Not through a shell of the test's own: the words stand behind the prefix.
    const machine: Machine = (line) => place.osdemo(line.split(' ').slice(1), { prefix })
    const { of } = await verdicts(machine)
    for (const name of cannot) {
      expect(of(name)?.verdict, name).toBe('does not work')
      expect(await machine(`osdemo ${name}`).exit, name).toBeGreaterThan(0)
    }
    expect(of(can)).toEqual(works)
    expect(await machine(`osdemo ${can}`).exit).toBe(0)
  },
)

test('as a user from whom /proc hides the processes of others', async (context) => {
  const { place, options } = placeOfNobody(context)
  const mount = ['unshare', '-m', 'sh', '-c', 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', 'sh']
  context.skip(spawnSync('env', [...mount, 'true']).status !== 0, 'needs unshare and the right to mount')
  const prefix = [...mount, ...options.prefix]
  const machine: Machine = (line) => place.osdemo(line.split(' ').slice(1), { prefix })
  const { of, about } = await verdicts(machine)
  const limited = { verdict: 'works with limits', needs: ['users'] }
  for (const name of ['process tree', 'process orphan', 'why']) expect(of(name), name).toEqual(limited)
  expect(of('process zombie')).toEqual(works)
  expect(about('users')).toContain('hidepid=0')
  expect(await machine('osdemo why 1').exit).toBe(1)
})

test('where a process that osdemo has not started does not show its system call', async (context) => {
  context.skip(noCompiler, 'needs a C compiler')
  const { place, options } = placeOfNobody(context)
  // A process that is not dumpable hides it from other processes of its user, as Yama does.
  const code =
    '#include <sys/prctl.h>\n#include <unistd.h>\n' +
    'int main(void) { char byte; prctl(PR_SET_DUMPABLE, 0); while (read(0, &byte, 1) > 0); }'
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  execFileSync(cc, ['-x', 'c', '-o', join(folder, 'cat'), '-'], { input: code })
  const prefix = ['env', `PATH=${folder}:${process.env.PATH}`, ...options.prefix]
  const { of, about } = await verdicts((line) => place.osdemo(line.split(' ').slice(1), { prefix }))
  expect(of('why')).toEqual({ verdict: 'works with limits', needs: ['unrelated'] })
  expect(of('pipe demo')).toEqual(works)
  expect(about('unrelated')).toMatch(/^Limit of why: /m)
})

test('under the system call filter of a container', async (context) => {
  const prefix = denier(context)('unshare,setns,mount,umount2,pidfd_getfd,kcmp,io_uring_setup')
  const place = newPlace()
  const machine: Machine = (line) => place.osdemo(line.split(' ').slice(1), { prefix })
  const { of, about } = await verdicts(machine)
  expect(of('pipe one-machine')).toEqual({ verdict: 'works with limits', needs: ['namespaces'] })
  for (const name of ['pipe demo', 'shm demo', 'queue demo', 'process fork'])
    expect(of(name), name).toEqual(works)
  expect(about('namespaces')).toMatch(/^Limit of pipe one-machine: /m)
  const run = machine('osdemo pipe one-machine --json')
  expect(await run.exit).toBe(0)
  expect(claimIdsOf(parseEvents(run.stdout()))).not.toContain('fifo/connects-across-namespaces')
})

test('where no process may trace another one', async (context) => {
  const prefix = denier(context)('ptrace')
  const place = newPlace()
  const machine: Machine = (line) => place.osdemo(line.split(' ').slice(1), { prefix })
  const { of } = await verdicts(machine)
  const limited = { verdict: 'works with limits', needs: ['tracing'] }
  for (const name of ['process states', 'process switch']) expect(of(name), name).toEqual(limited)
  expect(of('process zombie')).toEqual(works)
  const run = machine('osdemo process states --json')
  expect(await run.exit).toBe(0)
  expect(claimIdsOf(parseEvents(run.stdout()))).not.toContain('process/new-has-executed-nothing')
})
