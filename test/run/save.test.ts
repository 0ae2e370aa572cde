/** `--save`: the run in a file as well. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { newPlace, parseEvents, temporaryFolder } from '../osdemo.js'
import { until } from '../until.js'

const read = (path: string) => parseEvents(readFileSync(path, 'utf8'))
const texts = (events: Event[], kind: 'sent' | 'received') =>
  events.flatMap((event) => (event.event === kind ? [event.text] : []))

test('two terminals save every message, and their stdout and stories stay as they were', async () => {
  const place = newPlace()
  const [readerFile, writerFile] = [join(place.folder, 'r.ndjson'), join(place.folder, 'w.ndjson')]
  const reader = place.osdemo(['pipe', 'read', '--save', readerFile])
  const writer = place.osdemo(['pipe', 'write', 'a', 'b', '--save', writerFile])
  expect([await reader.exit, await writer.exit]).toEqual([0, 0])
  expect(reader.stdout()).toBe('a\nb\n')
  expect(reader.stderr()).not.toContain('←')
  expect(texts(read(readerFile), 'received')).toEqual(['a', 'b'])
  expect(texts(read(writerFile), 'sent')).toEqual(['a', 'b'])
})

test('what was seen is in the file when the run is killed', async () => {
  const place = newPlace()
  const file = join(place.folder, 'x.ndjson')
  const run = place.osdemo(['pipe', 'read', '--save', file])
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('"call":"open"'))
  run.child.kill('SIGKILL')
  await run.exit
  expect(read(file).at(0)?.event).toBe('run')
})

test('several files get the same events, and stdout with --json too', async () => {
  const place = newPlace()
  const files = ['a', 'b'].map((name) => join(place.folder, `${name}.ndjson`))
  const run = place.osdemo(['short-reads', '--json', ...files.flatMap((file) => ['--save', file])])
  expect(await run.exit).toBe(0)
  for (const file of files) expect(readFileSync(file, 'utf8')).toBe(run.stdout())
})

test('an earlier recording is only lost to a run that begins', async () => {
  const place = newPlace()
  const file = join(place.folder, 'x.ndjson')
  writeFileSync(file, `${'precious'.repeat(10_000)}\n`)
  const failing = place.osdemo(['short-reads', '--save', file, '--save', '/nonexistent/y.ndjson'])
  expect(await failing.exit).toBe(1)
  expect(readFileSync(file, 'utf8')).toMatch(/^precious/)
  expect(await place.osdemo(['short-reads', '--save', file]).exit).toBe(0)
  expect(read(file).at(0)?.event).toBe('run')
})

test('a FIFO that nobody reads is refused, and holds nobody', async () => {
  const place = newPlace()
  const file = join(place.folder, 'x.ndjson')
  execFileSync('mkfifo', [file])
  const run = place.osdemo(['short-reads', '--save', file])
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toContain(`cannot save to ${file}: open: ENXIO`)
})

test('an unknown ending exits 2, and nothing is made', async () => {
  const place = newPlace()
  const run = place.osdemo(['pipe', 'read', '--save', join(place.folder, 'x.txt')])
  expect(await run.exit).toBe(2)
  expect(existsSync(join(place.folder, 'x.txt'))).toBe(false)
})

test('a file that cannot be made exits 1 before anything runs, with --json as an event', async () => {
  const run = newPlace().osdemo(['pipe', 'read', '--json', '--save', '/nonexistent/x.ndjson'])
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toContain('cannot save to /nonexistent/x.ndjson: open: ENOENT')
  expect(parseEvents(run.stdout())).toMatchObject([
    { event: 'error', exit: 1, call: 'open', errno: 'ENOENT' },
  ])
})

test('a full disk ends the run with 1, says so, and leaves nothing behind', async () => {
  const place = newPlace()
  const full = join(temporaryFolder(), 'full.ndjson')
  symlinkSync('/dev/full', full)
  const run = place.osdemo(['pipe', 'demo', '--save', full])
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toContain('ENOSPC')
  expect(place.leftovers()).toEqual([])
})
