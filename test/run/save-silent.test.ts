/** `--save` on a file system that does not answer, or that is slow. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readCommandLine } from '../../src/proc/cmdline.js'
import {
  childrenOf,
  expectNothingLeft,
  newPlace,
  type Place,
  parseEvents,
  processesOf,
  type Run,
  temporaryFolder,
} from '../support/osdemo.js'
import { startSilentFileSystem } from '../support/silent-file-system.js'
import { until } from '../support/until.js'

/** The time limit of a run, in milliseconds. The slowest waits 7 s. After a minute the file system answers with an error. */
const patience = 30_000

/** The process that writes the files of a run. */
function saverOf({ pid }: Run): Promise<number> {
  return until(() =>
    childrenOf(pid).find((child) => readCommandLine(child)?.some((word) => word.endsWith('saver.cjs'))),
  )
}

/** More events than a pipe can hold. */
function largeRecording(): string {
  const event = { v: 1, t: 1, pid: 2, tid: 2, actor: 'osdemo', event: 'note', role: 'step' }
  return `${JSON.stringify({ ...event, text: 'x'.repeat(400) })}\n`.repeat(3000)
}

const isIn = (path: string, text: string) => existsSync(path) && readFileSync(path, 'utf8').includes(text)

type Held = Run & { release(): void }

test('a file system that never answers a call does not keep a run from ending', async (context) => {
  const recording = join(temporaryFolder(), 'large.ndjson')
  writeFileSync(recording, largeRecording())
  const calls = ['create', 'write', 'fsync'] as const
  const endings = calls.map(async (call) => {
    const places = [newPlace(), newPlace(), newPlace()]
    const start = async (words: string[], place: Place): Promise<Held> => {
      // One for each run: after the call it does not answer the others either.
      const { folder, release } = await startSilentFileSystem(call, context)
      const file = join(folder, call === 'fsync' ? 'a.svg' : 'a.ndjson')
      return { ...place.osdemo([...words, '--json', '--save', file]), release }
    }
    const runs = [
      ['short-reads', '--timeout', '2s'],
      ['short-reads'],
      // It has more events than fit into a pipe, so it waits before its end.
      ['view', recording],
    ].map((words, index) => start(words, places[index]!))
    const [timed, signalled, waiting] = (await Promise.all(runs)) as [Held, Held, Held]
    const tells = (run: Run) => run.stdout().includes('"waitsFor"') || run.stderr().includes('waiting for')
    await Promise.all([signalled, waiting].map((run) => until(() => tells(run))))
    signalled.child.kill('SIGTERM')
    waiting.child.kill('SIGINT')
    const late = new Promise<'hangs'>((resolve) => setTimeout(resolve, patience, 'hangs'))
    const exits = await Promise.all([timed, signalled, waiting].map(({ exit }) => Promise.race([exit, late])))
    for (const { release } of [timed, signalled, waiting]) release()
    // The processes that were blocked exit now.
    await until(() => places.every((place) => processesOf(place).length + place.leftovers().length === 0))
    return exits
  })
  expect(await Promise.all(endings)).toEqual(calls.map(() => [124, 143, 130]))
})

test('a run that is interrupted leaves its files to the process that writes them: nothing is lost', async () => {
  const place = newPlace()
  const [events, picture] = [join(place.folder, 'a.ndjson'), join(place.folder, 'a.svg')]
  const run = place.osdemo(['pipe', 'read', '--json', '--save', events, '--save', picture])
  const saver = await saverOf(run)
  await until(() => isIn(events, '"call":"open"'))
  process.kill(saver, 'SIGSTOP')
  onTestFinished(() => void process.kill(saver, 'SIGCONT'))
  run.child.kill('SIGINT')
  await until(() => run.stdout().includes('"waitsFor"'))
  run.child.kill('SIGINT')
  expect(await run.exit).toBe(130)
  expect(existsSync(picture)).toBe(false)
  const unsaved = parseEvents(run.stdout()).flatMap((event) =>
    event.event === 'note' && event.data && typeof event.data === 'object' && 'unsaved' in event.data
      ? [event.data]
      : [],
  )
  expect(unsaved).toEqual([events, picture].map((path) => ({ unsaved: path, writer: saver })))
  process.kill(saver, 'SIGCONT')
  await until(() => existsSync(picture) && isIn(events, '"event":"error"'))
  expect(readFileSync(picture, 'utf8')).toMatch(/<\/svg>\n$/)
  expect(parseEvents(readFileSync(events, 'utf8')).at(-1)).toMatchObject({ event: 'error', exit: 130 })
})

test('a slow file system delays what is written, and gets every event', async () => {
  const place = newPlace()
  const file = join(place.folder, 'a.ndjson')
  const events = largeRecording()
  const run = place.osdemo(['view', '--json', '--save', file], { stdio: ['pipe', 'pipe', 'pipe'] })
  const saver = await saverOf(run)
  run.child.stdin!.write(events.slice(0, events.indexOf('\n') + 1))
  await until(() => isIn(file, '"event":"note"'))
  process.kill(saver, 'SIGSTOP')
  run.child.stdin!.end(events.slice(events.indexOf('\n') + 1))
  await until(() => run.stdout().includes('"waitsFor"'))
  expect(statSync(file).size).toBeLessThan(events.length)
  process.kill(saver, 'SIGCONT')
  expect(await run.exit).toBe(0)
  expect(readFileSync(file, 'utf8')).toBe(events)
})

test('when the process that writes the files is killed, the run ends with 1 and says so', async () => {
  const place = newPlace()
  const run = place.osdemo(['pipe', 'read', '--json', '--save', join(place.folder, 'a.ndjson')])
  process.kill(await saverOf(run), 'SIGKILL')
  expect(await run.exit).toBe(1)
  expect(parseEvents(run.stdout()).at(-1)).toMatchObject({ event: 'error', exit: 1 })
  expectNothingLeft(place)
})
