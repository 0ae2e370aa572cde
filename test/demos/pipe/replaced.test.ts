/** Another program removes or replaces the FIFO, as a program does that begins with os.Remove and Mkfifo. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readText } from '../../../src/proc/read.js'
import { only } from '../../support/facts.js'
import {
  eventsSoFar,
  expectNothingLeft,
  hasOpen,
  newPlace,
  outcome,
  parseEvents,
  placeOfNobody,
  type Run,
  temporaryFolder,
  waitingActor,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

/** The inodes in the notes about FIFOs that were replaced. */
function replacements(run: Run): { before: number; now: number }[] {
  return only(eventsSoFar(run), 'note').flatMap(({ data }) =>
    // The notes with these fields are the ones of src/actors/lib/open-end.ts.
    typeof data === 'object' && data !== null && 'before' in data
      ? [data as { before: number; now: number }]
      : [],
  )
}

/** Puts another FIFO at the path. @returns the inodes of both */
function replace(path: string): { before: number; now: number } {
  const before = statSync(path).ino
  // The new one is made first, so that it has another inode even where numbers are used again at once.
  execFileSync('mkfifo', [`${path}.new`])
  renameSync(`${path}.new`, path)
  return { before, now: statSync(path).ino }
}

describe.runIf(process.platform === 'linux')('a FIFO that is replaced', () => {
  test('while pipe read waits in open(2): it opens the new one', async () => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'p')
    const run = place.osdemo(['pipe', 'read', '--path', path, '--json'])
    await waitingActor(run)
    const inodes = replace(path)
    const echo = place.sh(`echo hello > '${path}'`)
    expect([await echo.exit, await run.exit]).toEqual([0, 0])
    expect(replacements(run)).toEqual([inodes])
    expect(only(parseEvents(run.stdout()), 'received').map(({ text }) => text)).toEqual(['hello'])
    // It belongs to another program now.
    expect(statSync(path).ino).toBe(inodes.now)
    expectNothingLeft(place)
  })

  test('while pipe write waits in open(2): it opens the new one, and says so without --json too', async () => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'p')
    const run = place.osdemo(['pipe', 'write', '--path', path, '--json', 'hello'])
    const plain = place.osdemo(['pipe', 'write', '--path', `${path}2`, 'hello'])
    await Promise.all([run, plain].map(waitingActor))
    const inodes = replace(path)
    replace(`${path}2`)
    const cats = [path, `${path}2`].map((name) => place.sh(`cat '${name}'`))
    expect(await Promise.all([run, plain, ...cats].map(({ exit }) => exit))).toEqual([0, 0, 0, 0])
    expect(cats.map((cat) => cat.stdout())).toEqual(['hello\n', 'hello\n'])
    expect(replacements(run)).toEqual([inodes])
    expect(plain.stderr()).toContain(`replaced the FIFO ${path}2`)
    expectNothingLeft(place)
  })

  test('while both ends are connected: the messages of this writer still arrive, then --follow opens the new one', async () => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'p')
    const run = place.osdemo(['pipe', 'read', '--follow', '--max', '3', '--path', path, '--json'])
    await waitingActor(run)
    const old = place.sh(`exec 3> '${path}'; echo one >&3; read -r line; echo two >&3`, {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    await until(() => run.stdout().includes('"one"'))
    const inodes = replace(path)
    await until(() =>
      only(eventsSoFar(run), 'note').find(({ data }) => data && Object.hasOwn(Object(data), 'atPath')),
    )
    expect(replacements(run)).toEqual([])
    old.child.stdin!.end('\n')
    expect(await place.sh(`echo three > '${path}'`).exit).toBe(0)
    expect(await run.exit).toBe(0)
    expect(only(parseEvents(run.stdout()), 'received').map(({ text }) => text)).toEqual([
      'one',
      'two',
      'three',
    ])
    expect(replacements(run)).toEqual([inodes])
  })

  test('between two writers of --follow: what the last one left in the old FIFO is read first', async () => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'p')
    const run = place.osdemo(['pipe', 'read', '--follow', '--max', '5', '--path', path])
    await waitingActor(run)
    const mv = `mkfifo '${path}.new' && mv '${path}.new' '${path}'`
    const quick = place.sh(`for i in 1 2 3 4; do echo $i > '${path}'; done; ${mv}; echo 5 > '${path}'`)
    expect([await quick.exit, await run.exit]).toEqual([0, 0])
    expect(run.stdout()).toBe('1\n2\n3\n4\n5\n')
  })

  test.for(['read', 'write'])(
    'just after the other end of pipe %s was opened: this end is used, although it notices both at once',
    async (end) => {
      const place = newPlace()
      const folder = temporaryFolder()
      const [path = '', go = '', preload = ''] = ['p', 'go', 'preload.cjs'].map((name) => join(folder, name))
      // SIGUSR2 blocks the event loop, but not the thread that is in open(2).
      writeFileSync(
        preload,
        `process.on('SIGUSR2', () => {
          const cell = new Int32Array(new SharedArrayBuffer(4))
          while (!require('node:fs').existsSync(${JSON.stringify(go)})) Atomics.wait(cell, 0, 0, 20)
        })`,
      )
      const env = { NODE_OPTIONS: `--require ${preload}` }
      const run = place.osdemo(['pipe', end, '--path', path, ...(end === 'write' ? ['hello'] : [])], { env })
      const actor = await waitingActor(run)
      process.kill(actor, 'SIGUSR2')
      await until(() => readText(`/proc/${actor}/wchan`)?.startsWith('futex'))
      const other = place.sh(end === 'read' ? `echo hello > '${path}'` : `exec cat '${path}'`)
      if (end === 'read') expect(await other.exit).toBe(0)
      else await until(() => hasOpen(other.pid, path))
      replace(path)
      writeFileSync(go, '')
      expect([await run.exit, await other.exit]).toEqual([0, 0])
      expect((end === 'read' ? run : other).stdout()).toBe('hello\n')
      expectNothingLeft(place)
    },
  )

  test('by something that is no FIFO: exit code 1', async () => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'p')
    const run = place.osdemo(['pipe', 'read', '--path', path])
    await waitingActor(run)
    writeFileSync(`${path}.new`, 'precious')
    renameSync(`${path}.new`, path)
    const { exit, stderr } = await outcome(run)
    expect(exit).toBe(1)
    expect(stderr).toContain(`${path} is a regular file, not a FIFO`)
    expectNothingLeft(place)
  })

  test('when the user may read the old one only: exit code 1, because it cannot leave the old one', async (context) => {
    const { place, options } = placeOfNobody(context)
    const folder = temporaryFolder()
    chmodSync(folder, 0o755)
    const path = join(folder, 'p')
    execFileSync('mkfifo', ['-m', '644', path])
    const run = place.osdemo(['pipe', 'read', '--path', path], options)
    await waitingActor(run)
    replace(path)
    const { exit, stderr } = await outcome(run)
    expect(exit).toBe(1)
    expect(stderr).toContain(`another process replaced the FIFO ${path}`)
    expectNothingLeft(place)
  })
})

function wakeUps(pid: number): number {
  return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1])
}

describe.runIf(process.platform === 'linux')('a FIFO that is removed', () => {
  test.for(['read', 'write'])('while pipe %s waits in open(2): exit code 1', async (end) => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'p')
    const run = place.osdemo(['pipe', end, '--path', path])
    await waitingActor(run)
    rmSync(path)
    const { exit, stderr } = await outcome(run)
    expect(exit).toBe(1)
    expect(stderr).toContain(`another process removed the FIFO ${path}`)
    expect(existsSync(path)).toBe(false)
    expectNothingLeft(place)
  })

  test('and made again a moment later is one that was replaced', async () => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'p')
    const run = place.osdemo(['pipe', 'read', '--path', path])
    const actor = await waitingActor(run)
    rmSync(path)
    // Not before the actor has looked: that is when it wakes up.
    const before = wakeUps(actor)
    await until(() => wakeUps(actor) > before)
    execFileSync('mkfifo', [path])
    expect(await place.sh(`echo hello > '${path}'`).exit).toBe(0)
    const { exit, stdout } = await outcome(run)
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'hello\n' })
  })
})

describe('--follow --max', () => {
  test.for([{ view: [] }, { view: ['--json'] }])(
    'counts the last line of each writer, also without a newline: $view',
    async ({ view }) => {
      const place = newPlace()
      const path = join(temporaryFolder(), 'p')
      const run = place.osdemo(['pipe', 'read', '--follow', '--max', '3', '--path', path, ...view])
      await waitingActor(run)
      for (const text of ['a', 'b\\nc']) {
        const shown = () =>
          view.length > 0 ? only(eventsSoFar(run), 'received').length : run.stdout().length
        expect(await place.sh(`printf '${text}' > '${path}'`).exit).toBe(0)
        await until(() => shown() > 0)
        if (text === 'a') await waitingActor(run)
      }
      expect(await run.exit).toBe(0)
      const shown = only(view.length > 0 ? parseEvents(run.stdout()) : [], 'received')
      if (view.length > 0)
        expect(shown.map(({ seq, text }) => [seq, text])).toEqual([
          [0, 'a'],
          [1, 'b'],
          [2, 'c'],
        ])
      else expect(run.stdout()).toBe('ab\nc')
      expectNothingLeft(place)
    },
  )
})
