/** `osdemo view`, with recordings that the real program made. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { newPlace, outcome, type Place, parseEvents, placeOfNobody } from '../support/osdemo.js'
import { until } from '../support/until.js'

/** Records a reader and a writer, as in two terminals. */
async function record(place: Place): Promise<{ reader: string; writer: string }> {
  const [reader, writer] = ['reader', 'writer'].map((name) => join(place.folder, `${name}.ndjson`))
  const runs = [
    place.osdemo(['pipe', 'read', '--save', reader!]),
    place.osdemo(['pipe', 'write', 'hello', 'world', '--save', writer!]),
  ]
  expect(await Promise.all(runs.map(({ exit }) => exit))).toEqual([0, 0])
  return { reader: reader!, writer: writer! }
}

function view(place: Place, words: string[], env = {}) {
  return outcome(place.osdemo(['view', ...words], { env }))
}

const base = { v: 1, pid: 5, tid: 5, actor: 'osdemo' } as const
const run: Event = {
  ...base,
  t: 1000,
  event: 'run',
  command: ['x'],
  version: '0',
  boot: 'one',
  wall: '',
  node: '',
  kernel: '',
}
const note = (t: number, text: string): Event => ({ ...base, t, event: 'note', text })

function save(place: Place, name: string, events: (Event | string)[]): string {
  const path = join(place.folder, name)
  writeFileSync(
    path,
    events.map((each) => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`).join(''),
  )
  return path
}

test('two recorded terminals become one timeline, in which a message is sent before it is received', async () => {
  const place = newPlace()
  const { reader, writer } = await record(place)
  const { exit, stdout, stderr } = await view(place, [reader, writer])
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  const marks = stdout.match(/[→←] (hello|world)/g)!
  expect([...marks].sort()).toEqual(['← hello', '← world', '→ hello', '→ world'])
  for (const word of ['hello', 'world']) {
    expect(marks.indexOf(`→ ${word}`)).toBeLessThan(marks.indexOf(`← ${word}`))
  }
  expect(stdout.match(/^──/gm)).toHaveLength(1)
  expect(stdout).toMatch(/starts osdemo pipe (read|write)/)
})

test('--json and --save repeat a recording byte for byte', async () => {
  const place = newPlace()
  const { reader } = await record(place)
  const copy = join(place.folder, 'copy.ndjson')
  const { exit, stdout } = await view(place, [reader, '--json', '--save', copy])
  expect(exit).toBe(0)
  expect(stdout).toBe(readFileSync(reader, 'utf8'))
  expect(readFileSync(copy, 'utf8')).toBe(stdout)
})

test('each recording keeps its own order, and the earliest next event comes first', async () => {
  const place = newPlace()
  const one = save(place, 'one', [run, note(5000, 'late'), note(2000, 'too late'), note(9000, 'end')])
  const two = save(place, 'two', [{ ...run, t: 1500, pid: 6 }, note(6000, 'other')])
  const { stdout } = await view(place, [one, two, '--json'])
  expect(parseEvents(stdout).map(({ t }) => t)).toEqual([1000, 1500, 5000, 2000, 6000, 9000])
})

test('events from stdin are shown as they arrive', async () => {
  const place = newPlace()
  const viewer = place.sh(`mkfifo p; osdemo view < p`, { cwd: place.folder })
  const fd = await until(() => openWhenRead(join(place.folder, 'p')))
  writeSync(fd, `${JSON.stringify(run)}\n${JSON.stringify(note(2000, 'first'))}\n`)
  await until(() => viewer.stdout().includes('first'))
  closeSync(fd)
  expect(await viewer.exit).toBe(0)
})

function openWhenRead(path: string): number | undefined {
  try {
    // O_WRONLY | O_NONBLOCK: ENXIO until the other end is open.
    return openSync(path, 0o4001)
  } catch {
    return undefined
  }
}

test('a recorded failure is shown, and the exit code is 0', async () => {
  const place = newPlace()
  const failure: Event = { ...base, t: 3000, event: 'error', exit: 1, message: 'it broke', hint: 'mend it' }
  const { exit, stdout, stderr } = await view(place, [save(place, 'f', [run, failure])])
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(stdout).toMatch(/ERROR +✘ it broke \(mend it\), exit code 1/)
})

test('recordings of different boots are not merged', async () => {
  const place = newPlace()
  const one = save(place, 'one', [run])
  const two = save(place, 'two', [{ ...run, boot: 'two' }])
  const { exit, stdout, stderr } = await view(place, [one, two])
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' })
  expect(stderr).toContain(`${one} and ${two} were recorded in different boots (one and two)`)
})

test.each([
  ['no JSON', [run, 'hello'], ':2: skipped, not an event: it is not JSON: hello'],
  ['no event', [run, '{"a":1}'], ':2: skipped, not an event: it has no version v'],
  ['another version', [run, run, '{"v":2}'], ':3: skipped, not an event: it has version 2'],
  [
    'nested too deeply',
    [
      run,
      JSON.stringify(note(1, 'x')).replace('"v":1', `"v":1,"later":${'['.repeat(5000)}${']'.repeat(5000)}`),
    ],
    ':2: skipped, not an event: it has more than 32 levels of lists and records',
  ],
  ['too little', [run, '{"v":1,"event":"note"}'], ':2: skipped, not an event: it has no field '],
])(
  'a line that is %s is told with its place and left out; what follows is shown',
  async (_, lines, message) => {
    const place = newPlace()
    const path = save(place, 'bad', [...lines, note(9000, 'after')])
    const { exit, stdout, stderr } = await view(place, [path, '--json'])
    expect(exit).toBe(0)
    expect(stderr).toContain(`osdemo: note: ${path}${message}`)
    const good = lines.filter((line) => typeof line === 'object')
    expect(parseEvents(stdout)).toEqual([...good, note(9000, 'after')])
  },
)

test('the first bad lines are reported one by one, the others as a number', async () => {
  const place = newPlace()
  const path = save(place, 'bad', [run, ...Array.from({ length: 100 }, () => 'bad')])
  const { exit, stderr } = await view(place, [path])
  expect(exit).toBe(0)
  expect(stderr.split('\n')).toHaveLength(7)
  expect(stderr).toContain(`${path}: skipped 100 lines in all that are not events`)
})

test('a file without events exits 1 and makes no picture', async () => {
  const place = newPlace()
  const path = save(place, 'bad', ['hello', 'world'])
  const picture = join(place.folder, 'a.svg')
  const { exit, stderr } = await view(place, [path, '--save', picture])
  expect(exit).toBe(1)
  expect(stderr).toContain(`${path} contains lines, but none of them is an event`)
  expect(existsSync(picture)).toBe(false)
})

test('two recorded terminals become one diagram: from the writer into the FIFO, and from there to the reader', async () => {
  const place = newPlace()
  const { reader, writer } = await record(place)
  const { exit, stdout } = await view(place, [reader, writer, '--view', 'mermaid'])
  expect(exit).toBe(0)
  const [, from] = /participant (p\d+) as writer/.exec(stdout)!
  const [, to] = /participant (p\d+) as reader/.exec(stdout)!
  for (const text of ['hello', 'world']) {
    expect(stdout).toContain(`${from}->>c0: ${text} (6 bytes, newline included)`)
    expect(stdout).toContain(`c0-->>${to}: ${text} (6 bytes, newline included)`)
  }
  expect(stdout).not.toContain('not in this recording')
})

test('a last line that is incomplete is skipped with a note', async () => {
  const place = newPlace()
  const path = save(place, 'cut', [run, note(2000, 'whole')])
  appendFileSync(path, '{"v":1,"t":30')
  const { exit, stdout, stderr } = await view(place, [path])
  expect(exit).toBe(0)
  expect(stdout).toContain('whole')
  expect(stderr).toBe(`osdemo: note: ${path}:3: skipped the last line, which is cut off\n`)
})

test('a last line without its newline is shown', async () => {
  const place = newPlace()
  const path = save(place, 'whole', [run])
  appendFileSync(path, JSON.stringify(note(2000, 'the last one')))
  const { exit, stdout, stderr } = await view(place, [path])
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(stdout).toContain('the last one')
})

test('a line of more than 16 MiB is refused before it fills the memory', async () => {
  const place = newPlace()
  const path = save(place, 'long', [run, 'x'.repeat(2 ** 24 + 2 ** 20), note(2000, 'after it')])
  const { exit, stdout, stderr } = await view(place, [path])
  expect({ exit, shown: stdout.includes('after it') }).toEqual({ exit: 1, shown: false })
  expect(stderr).toContain(`${path}:2: this line is not an event: it is too long`)
})

test('a file that cannot be read exits 1', async () => {
  const place = newPlace()
  mkdirSync(join(place.folder, 'folder'))
  const missing = await view(place, ['/nonexistent/x'])
  expect(missing).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining('cannot read /nonexistent/x: open: ENOENT'),
  })
  const folder = await view(place, [join(place.folder, 'folder')])
  expect(folder).toMatchObject({ exit: 1, stderr: expect.stringContaining('folder: it is a folder') })
})

test('a file of another user exits 1', async (context) => {
  const { place, options } = placeOfNobody(context)
  const path = join(place.folder, 'closed')
  writeFileSync(path, '', { mode: 0o600 })
  const viewer = place.osdemo(['view', path], options)
  expect(await viewer.exit).toBe(1)
  expect(viewer.stderr()).toContain('EACCES')
})

test('it does not write to the file that it reads', async () => {
  const place = newPlace()
  const path = save(place, 'x.ndjson', [run])
  const before = readFileSync(path, 'utf8')
  for (const line of [
    'x.ndjson --save ./x.ndjson',
    '--save x.ndjson < x.ndjson',
    'x.ndjson --json >> x.ndjson',
  ]) {
    const viewer = place.sh(`osdemo view ${line}`, { cwd: place.folder })
    expect(await viewer.exit).toBe(2)
    expect(viewer.stderr()).toContain('read')
    expect(readFileSync(path, 'utf8').startsWith(before)).toBe(true)
    writeFileSync(path, before)
  }
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it with %i while it waits for a pipe or a FIFO', async (signal, exit) => {
  const place = newPlace()
  const fifo = join(place.folder, 'p')
  expect(spawnSync('mkfifo', [fifo]).status).toBe(0)
  for (const file of ['-', fifo]) {
    const viewer = place.osdemo(['view', file, '--json'], { stdio: ['pipe', 'pipe', 'pipe'] })
    await until(() => catchesHangup(viewer.pid))
    viewer.child.kill(signal)
    expect(await viewer.exit).toBe(exit)
    expect(parseEvents(viewer.stdout())).toMatchObject([{ event: 'error', exit }])
  }
})

/**
 * Node itself catches SIGINT and SIGTERM but not SIGHUP, the lowest bit. So a caught SIGHUP shows that osdemo's
 * handlers are installed.
 */
function catchesHangup(pid: number): boolean {
  return /^SigCgt:\s.*[13579bdf]$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

test('when its reader exits, it exits silently with 141', async () => {
  const place = newPlace()
  const path = save(place, 'long', [run, ...Array.from({ length: 5000 }, (_, i) => note(i, 'again'))])
  const viewer = place.sh(`(osdemo view ${path}; echo $? > code) | head -1`, { cwd: place.folder })
  await viewer.exit
  expect(viewer.stderr()).toBe('')
  expect(await until(() => readFileSync(join(place.folder, 'code'), 'utf8').trim())).toBe('141')
})

test('its memory does not grow with the recording', async () => {
  const place = newPlace()
  const channel = 'c'.repeat(1800)
  const events = Array.from({ length: 20_000 }, (_, seq): Event => {
    // With a note between them, messages are not summed up.
    return seq % 2 === 0
      ? note(1000 + seq, `seven ${channel.slice(0, 20)}`)
      : { ...base, t: 1000 + seq, event: 'received', channel, seq, bytes: 7 }
  })
  const path = save(place, 'big', [run, ...events])
  // The file alone is larger than this heap.
  const { exit, stdout } = await view(place, [path], { NODE_OPTIONS: '--max-old-space-size=14' })
  expect(exit).toBe(0)
  expect(stdout.match(/\(7 bytes\)|seven/g)).toHaveLength(20_000)
})
