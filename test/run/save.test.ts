/** `--save`: writes the run to a file as well. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { newPlace, type Place, parseEvents, placeOfNobody, temporaryFolder } from '../support/osdemo.js'
import { until } from '../support/until.js'

const read = (path: string) => parseEvents(readFileSync(path, 'utf8'))
const texts = (events: Event[], kind: 'sent' | 'received') =>
  events.flatMap((event) => (event.event === kind ? [event.text] : []))

test('two terminals save every message, and their stdout and stderr do not change', async () => {
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

test('the events so far are in the file when the run is killed', async () => {
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

test('an earlier recording is only replaced by a run that starts', async () => {
  const place = newPlace()
  const file = join(place.folder, 'x.ndjson')
  writeFileSync(file, `${'precious'.repeat(10_000)}\n`)
  const failing = place.osdemo(['short-reads', '--save', file, '--save', '/nonexistent/y.ndjson'])
  expect(await failing.exit).toBe(1)
  expect(readFileSync(file, 'utf8')).toMatch(/^precious/)
  expect(await place.osdemo(['short-reads', '--save', file]).exit).toBe(0)
  expect(read(file).at(0)?.event).toBe('run')
})

test('a FIFO without a reader is refused, and does not block', async () => {
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

test('a full disk ends the run with 1 and a message, and leaves nothing behind', async () => {
  const place = newPlace()
  const full = join(temporaryFolder(), 'full.ndjson')
  symlinkSync('/dev/full', full)
  const run = place.osdemo(['pipe', 'demo', '--save', full])
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toContain('ENOSPC')
  expect(place.leftovers()).toEqual([])
})

/** A folder for pictures only. */
function picturesOf(place: Place): { folder: string; files: () => string[]; path(name: string): string } {
  const folder = join(place.folder, 'pictures')
  mkdirSync(folder)
  return { folder, files: () => readdirSync(folder).sort(), path: (name) => join(folder, name) }
}

const endings = ['html', 'mmd', 'ndjson', 'svg', 'trace.json']

test('one run is saved in all forms at once, and its stdout does not change', async () => {
  const place = newPlace()
  const { files, path } = picturesOf(place)
  const words = endings.flatMap((ending) => ['--save', path(`a.${ending}`)])
  const run = place.osdemo(['short-reads', ...words])
  expect(await run.exit).toBe(0)
  expect(run.stdout()).toContain('claims hold')
  expect(files()).toEqual(endings.map((ending) => `a.${ending}`))
  const text = (ending: string) => readFileSync(path(`a.${ending}`), 'utf8')
  expect(text('mmd')).toMatch(/^sequenceDiagram\n/)
  expect(text('svg')).toMatch(/^<\?xml .*<\/svg>\n$/s)
  expect(text('html')).toMatch(/^<!doctype html>.*<\/html>\n$/s)
  expect(JSON.parse(text('trace.json')).traceEvents.length).toBeGreaterThan(20)
  // The recording gives the same pictures, byte for byte.
  for (const [ending, view] of [
    ['mmd', 'mermaid'],
    ['svg', 'svg'],
    ['html', 'html'],
    ['trace.json', 'perfetto'],
  ]) {
    const viewer = place.osdemo(['view', path('a.ndjson'), '--view', view!])
    expect(await viewer.exit).toBe(0)
    expect(viewer.stdout()).toBe(text(ending!))
  }
})

test('a run that Ctrl-C ends has a complete picture', async () => {
  const place = newPlace()
  const { files, path } = picturesOf(place)
  const run = place.osdemo(['pipe', 'read', '--save', path('a.svg'), '--save', path('a.ndjson')])
  await until(
    () => files().includes('a.ndjson') && readFileSync(path('a.ndjson'), 'utf8').includes('"call":"open"'),
  )
  expect(files()).toEqual(['a.ndjson'])
  run.child.kill('SIGINT')
  expect(await run.exit).toBe(130)
  expect(readFileSync(path('a.svg'), 'utf8')).toMatch(/terminated by SIGINT.*<\/svg>\n$/s)
  expect(files()).toEqual(['a.ndjson', 'a.svg'])
})

test('a run that is killed leaves no picture and no part of one, and the earlier picture unchanged', async () => {
  const place = newPlace()
  const { files, path } = picturesOf(place)
  writeFileSync(path('b.svg'), 'earlier')
  const run = place.osdemo([
    'pipe',
    'read',
    '--save',
    path('a.html'),
    '--save',
    path('b.svg'),
    '--save',
    path('a.ndjson'),
  ])
  await until(
    () => files().includes('a.ndjson') && readFileSync(path('a.ndjson'), 'utf8').includes('"call":"open"'),
  )
  run.child.kill('SIGKILL')
  await run.exit
  expect(files()).toEqual(['a.ndjson', 'b.svg'])
  expect(readFileSync(path('b.svg'), 'utf8')).toBe('earlier')
})

test('the next run removes the partial file of a killed run', async () => {
  const place = newPlace()
  const { files, path } = picturesOf(place)
  // A process that is killed in the middle: it has recorded the name, and written a part of the file.
  const source = fileURLToPath(new URL('../../src/run/ledger.ts', import.meta.url))
  const script = `import { draftIn, record } from '${source}'
    import { writeFileSync } from 'node:fs'
    const draft = draftIn('${path('.')}')
    record('file', draft)
    writeFileSync(draft, '<svg')
    process.kill(process.pid, 'SIGKILL')`
  const tsx = fileURLToPath(new URL('../../node_modules/.bin/tsx', import.meta.url))
  writeFileSync(join(place.folder, 'half.mts'), script)
  spawnSync(tsx, [join(place.folder, 'half.mts')], { env: { ...process.env, XDG_RUNTIME_DIR: place.folder } })
  const [draft = '', ...others] = files()
  expect([draft, others]).toEqual([expect.stringMatching(/^\.osdemo-\d+-\d+$/), []])
  const clean = place.osdemo(['clean', '--json'])
  expect(await clean.exit).toBe(0)
  const removed = parseEvents(clean.stdout()).filter(({ event }) => event === 'removed')
  expect(removed).toMatchObject([{ kind: 'file', id: path(draft) }])
  expect(files()).toEqual([])
})

test('on a full disk the earlier picture stays, nothing else remains, and the exit code is 1', async ({
  skip,
}) => {
  const place = newPlace()
  const { folder, files, path } = picturesOf(place)
  const tiny = ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', folder]
  skip(spawnSync('mount', tiny).status !== 0, 'needs the right to mount a small disk')
  try {
    writeFileSync(path('a.html'), 'earlier')
    const run = place.osdemo(['short-reads', '--json', '--save', path('a.html')])
    expect(await run.exit).toBe(1)
    expect(run.stderr()).toContain(`cannot save to ${path('a.html')}: `)
    expect(parseEvents(run.stdout()).at(-1)).toMatchObject({ event: 'error', exit: 1, errno: 'ENOSPC' })
    expect(files()).toEqual(['a.html'])
    expect(readFileSync(path('a.html'), 'utf8')).toBe('earlier')
  } finally {
    spawnSync('umount', ['-l', folder])
  }
})

test.each([
  ['a folder', (path: string) => mkdirSync(path)],
  ['not a regular file', (path: string) => void execFileSync('mkfifo', [path])],
  ['not a regular file', (path: string) => symlinkSync('/dev/null', path)],
])('a picture does not replace what is %s, and nothing runs', async (what, make) => {
  const place = newPlace()
  const path = join(place.folder, 'x.svg')
  make(path)
  const run = place.osdemo(['short-reads', '--json', '--save', path])
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toContain(`cannot save to ${path}: it is ${what}`)
  expect(parseEvents(run.stdout())).toMatchObject([{ event: 'error', exit: 1 }])
})

test('a symbolic link stays, and its target becomes the picture', async () => {
  const place = newPlace()
  const { files, path } = picturesOf(place)
  writeFileSync(path('real.svg'), '')
  chmodSync(path('real.svg'), 0o640)
  symlinkSync('real.svg', path('link.svg'))
  symlinkSync('missing.svg', path('early.svg'))
  const words = ['--save', path('link.svg'), '--save', path('early.svg')]
  expect(await place.osdemo(['short-reads', ...words]).exit).toBe(0)
  expect(readFileSync(path('real.svg'), 'utf8')).toContain('<svg')
  expect(files()).toEqual(['early.svg', 'link.svg', 'missing.svg', 'real.svg'])
  // No user may read it now who could not before.
  expect(statSync(path('real.svg')).mode & 0o777).toBe(0o640)
})

test('a write-protected picture is not replaced, even if its folder would permit it', async (context) => {
  const { place, options } = placeOfNobody(context)
  const file = join(place.folder, 'a.svg')
  writeFileSync(file, 'earlier', { mode: 0o444 })
  const run = place.osdemo(['short-reads', '--save', file], options)
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toContain(`cannot save to ${file}: access: EACCES`)
  expect(readFileSync(file, 'utf8')).toBe('earlier')
})
