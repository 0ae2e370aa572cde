/** Which layer may import which: docs/inside/architecture.md has this table in words, this test enforces it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'

interface Layer {
  /** Layers whose code it may use. */
  uses: string[]
  /** Layers of which it may use types only. */
  types?: string[]
  packages?: string[]
}

/** A layer is a folder of src, or a file directly in src. */
const layers: Record<string, Layer> = {
  events: { uses: [] },
  'actor-types': { uses: [] },
  'shell-quote': { uses: [] },
  text: { uses: [] },
  terms: { uses: [] },
  errors: { uses: [] },
  log: { uses: [], packages: ['pino'] },
  framing: { uses: [] },
  proc: { uses: ['errors'] },
  ipc: { uses: ['errors', 'framing'], packages: ['execa'] },
  bench: { uses: ['ipc', 'proc', 'errors'] },
  lab: { uses: ['ipc', 'framing', 'proc', 'events', 'errors', 'text'] },
  actors: {
    uses: ['lab', 'bench', 'ipc', 'framing', 'proc', 'events', 'errors', 'text'],
    types: ['actor-types'],
  },
  run: { uses: ['ipc', 'proc', 'events', 'errors', 'log', 'text'], types: ['actor-types'] },
  why: { uses: ['proc', 'ipc', 'events'] },
  trace: { uses: ['events'] },
  findings: { uses: ['trace', 'events', 'text'] },
  demos: {
    uses: [
      'run',
      'why',
      'trace',
      'findings',
      'lab',
      'bench',
      'ipc',
      'framing',
      'proc',
      'events',
      'errors',
      'shell-quote',
      'text',
    ],
    types: ['actors'],
  },
  replay: { uses: ['run', 'events', 'errors'] },
  views: {
    uses: ['events', 'shell-quote', 'text'],
    packages: [
      'chalk',
      'fast-string-width',
      'fast-wrap-ansi',
      'd3-scale',
      'd3-shape',
      'd3-hierarchy',
      '@dagrejs/dagre',
    ],
  },
  commands: {
    uses: ['demos', 'replay', 'views', 'run', 'events', 'errors', 'log', 'terms', 'shell-quote'],
    packages: ['@commander-js/extra-typings'],
  },
  main: { uses: ['commands', 'errors'] },
}

/** Packages that only one file may use, whatever its layer. */
const oneDoor: Record<string, string> = { koffi: 'ipc/libc.ts' }

const imports = /(?:^|\n)\s*(?:import|export)\s+(?<type>type\s)?[^'";]*?from\s*'(?<from>[^']+)'/g
const otherImports = /(?:\bimport\s*\(\s*|\n\s*import\s+)'(?<from>[^']+)'/g

function layerOf(file: string): string {
  return file.split('/')[0]!.replace(/\.ts$/, '')
}

/** The forbidden imports of a file of src (`ipc/fifo.ts`). */
function violations(file: string, text: string): string[] {
  const layer = layers[layerOf(file)]
  if (!layer) return [`${file} is in no layer of the table`]
  return [...text.matchAll(imports), ...text.matchAll(otherImports)].flatMap(({ groups }) => {
    const { from, type } = groups as { from: string; type?: string }
    if (from.startsWith('node:')) return []
    if (from.startsWith('.')) {
      const target = layerOf(posix.normalize(posix.join(posix.dirname(file), from)).replace(/\.js$/, '.ts'))
      const own = target === layerOf(file) || target === '..'
      const allowed = own || layer.uses.includes(target) || (type && layer.types?.includes(target))
      return allowed ? [] : [`${file} imports ${from}`]
    }
    const name = /^(@[^/]+\/)?[^/]+/.exec(from)![0]
    const allowed = oneDoor[name] ? oneDoor[name] === file : layer.packages?.includes(name)
    return allowed ? [] : [`${file} imports the package ${from}`]
  })
}

function sources(): [file: string, text: string][] {
  const files = readdirSync('src', { recursive: true }).map((name) => String(name).replaceAll('\\', '/'))
  return files
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name, readFileSync(join('src', name), 'utf8')])
}

test('every file imports only what its layer may', () => {
  const files = sources()
  expect(files.length).toBeGreaterThan(40)
  expect(files.flatMap(([file, text]) => violations(file, text))).toEqual([])
})

test.each([
  ['ipc/fifo.ts', "import chalk from 'chalk'"],
  ['ipc/fifo.ts', "import { type ChalkInstance, Chalk } from 'chalk'"],
  ['ipc/fifo.ts', "import koffi from 'koffi'"],
  ['actors/fifo-reader.ts', "const koffi = await import('koffi')"],
  ['ipc/fifo.ts', "import { run } from '../run/run.js'"],
  ['ipc/fifo.ts', "\nimport '../run/run.js'"],
  ['framing/encode.ts', "import { UsageError } from '../errors.js'"],
  ['views/timeline.ts', "import { pipeDemo } from '../demos/pipe.js'"],
  ['demos/pipe.ts', "import { createMeter } from '../actors/meter.js'"],
  ['demos/pipe.ts', "export { createTimeline } from '../views/timeline.js'"],
  ['run/run.ts', "import {\n  a,\n  b,\n} from '../demos/pipe.js'"],
  ['why/still.ts', "import type { Stage } from '../run/stage.js'"],
  ['stray/thing.ts', "import 'node:fs'"],
])('the check finds a forbidden import planted in %s: %s', (file, text) => {
  expect(violations(file, text)).toHaveLength(1)
})

test.each([
  ['ipc/libc.ts', "import koffi from 'koffi'"],
  ['ipc/fifo.ts', "const { execa } = await import('execa')"],
  ['demos/pipe.ts', "import type { FifoReaderConfig } from '../actors/fifo-reader.js'"],
  ['run/package.ts', "import manifest from '../../package.json' with { type: 'json' }"],
])('the check accepts an allowed import in %s: %s', (file, text) => {
  expect(violations(file, text)).toEqual([])
})

/** Functions of node:fs and of proc/read.ts that read files or their attributes. */
const lookers =
  '(?:readFile|readdir|readlink|realpath|open|opendir|stat|lstat|statfs|access|exists|createReadStream|watch|cp|copyFile)(?:Sync)?|' +
  'readText|readNumbers|readLink'

/** The only allowed use of a /proc path: it reopens a descriptor of the same process, and reads nothing of /proc. */
const reopening = { file: 'ipc/fifo.ts', path: '/proc/self/fd/' }

/**
 * Where a file outside src/proc reads /proc: by a call with such a path, by a call with a constant that contains one,
 * or with what proc/read.ts exports. A path as the source of evidence is allowed.
 */
function looksIntoProc(file: string, text: string): string[] {
  if (layerOf(file) === 'proc') return []
  const code = stripComments(text)
  const constants = [...code.matchAll(/\b(?:const|let)\s+(?<name>\w+)[^=\n]*=\s*['"`]\/proc\b/g)]
  const names = ['[\'"`]\\/proc\\b', ...constants.map(({ groups }) => `\\b${groups!.name}\\b`)]
  const calls = [...code.matchAll(new RegExp(`\\b(?:${lookers})\\)?\\s*(?:<[^>]*>)?\\(`, 'g'))]
    .map((call) => call[0] + argumentsAt(code, call.index + call[0].length))
    .filter((call) => new RegExp(names.join('|')).test(call))
    .filter((call) => !(file === reopening.file && call.includes(reopening.path)))
  const readers = [...code.matchAll(/from\s*'[^']*\/proc\/read\.js'/g)].map(([words]) => words)
  return [...calls, ...readers].map((found) => `${file}: ${found}`)
}

/**
 * The text between the brackets of a call.
 *
 * @param at the position after the opening bracket
 * @param at the position after the opening bracket
 */
function argumentsAt(code: string, at: number): string {
  let depth = 1
  let end = at
  for (; end < code.length && depth > 0; end++) {
    if (code[end] === '(') depth++
    if (code[end] === ')') depth--
  }
  return code.slice(at, end)
}

test('only src/proc reads /proc', () => {
  expect(sources().flatMap(([file, text]) => looksIntoProc(file, text))).toEqual([])
})

test.each([
  ['demos/pipe/pipe.ts', "readFileSync('/proc/self/status', 'utf8')"],
  ['demos/pipe/pipe.ts', 'fs.readFileSync(`/proc/$pid/status`)'],
  ['demos/pipe/pipe.ts', "await readFile('/proc/' + pid + '/stat')"],
  ['demos/pipe/pipe.ts', 'readlinkSync(`/proc/$pid/exe`)'],
  ['demos/pipe/pipe.ts', "readdirSync(join('/proc', `$pid`, 'fd'))"],
  ['demos/pipe/pipe.ts', "existsSync('/proc/self/stat')"],
  ['demos/pipe/pipe.ts', 'statSync(\n  `/proc/$pid/fd/$numberOf(fd)`,\n)'],
  ['demos/pipe/pipe.ts', 'openSync(path(`/proc/self/fd/$fd`), flags)'],
  ['demos/pipe/pipe.ts', "const place: string = '/proc/locks'\nconst text = readFileSync(place)"],
  ['demos/pipe/pipe.ts', "await promisify(readFile)('/proc/locks', 'utf8')"],
  ['demos/pipe/pipe.ts', 'readText(`/proc/$pid/stat`)'],
  ['demos/pipe/pipe.ts', "import { readText } from '../../proc/read.js'"],
  ['run/sweep.ts', "import { readNumbers } from '../proc/read.js'"],
  ['why/still.ts', "export { folder } from '../proc/read.js'"],
  ['actors/lib/runtime.ts', "readlinkSync('/proc/thread-self')"],
  ['ipc/fifo.ts', "readFileSync('/proc/self/mounts')"],
  ['ipc/pipe-room.ts', 'openSync(`/proc/self/fd/$fd`)'],
])('the check finds a read of /proc planted in %s: %s', (file, text) => {
  expect(looksIntoProc(file, text)).toHaveLength(1)
})

test.each([
  ['proc/locks.ts', "readText('/proc/locks')"],
  ['ipc/fifo.ts', 'openSync(`/proc/self/fd/$fd`, flags)'],
  ['demos/pipe/pipe.ts', 'stage.evidence(`/proc/$pid/wchan`, readWchan(pid, tid), about)'],
  ['demos/pipe/pipe.ts', "const source = '/proc/locks'\nstage.evidence(source, value, about)"],
  ['demos/pipe/pipe.ts', "// readText('/proc/locks') would do\nreadFileSync(path)"],
])('the check accepts that %s names /proc: %s', (file, text) => {
  expect(looksIntoProc(file, text)).toEqual([])
})

/** `value!` and `field!: Type`; `value as Type`, but neither `as const` nor the word "as" in a sentence. */
const assertion =
  /[\w)\]]!(?!=)|(?:^|[\w)\]}'"`/])\s+as (?:[A-Z[{('"]|(?:string|number|bigint|boolean|symbol|object|unknown|never|any|keyof|typeof)\b)/

/**
 * Lines that assert a type with `!` or `as`, without a comment on that line or alone on the line above. A comment above covers the
 * adjacent lines that also assert.
 */
function unexplained(file: string, text: string): string[] {
  const lines = withoutWords(text).split('\n')
  let covered = false
  return lines.flatMap((line, index) => {
    const asserts = assertion.test(line)
    covered = asserts && (covered || /^\s*\/\/$/.test(lines[index - 1] ?? ''))
    return !asserts || covered || line.includes('//')
      ? []
      : [`${file}:${index + 1}: ${text.split('\n')[index]?.trim()}`]
  })
}

/**
 * Empties the plain strings and the imports of a text. Of each comment line, only `//` remains. Of a template on one
 * line, only the expressions remain.
 */
function withoutWords(text: string): string {
  return text
    .replace(/^(?:import|export)(?: type)?(?: \w+,)? (?:\{[^}]*\}|\* as \w+)/gm, (list) =>
      list.replace(/.+/g, ''),
    )
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, (found) =>
      found.startsWith('/') ? found.replace(/.+/g, '//') : "''",
    )
    .replace(/`(?:[^`\\$\n]|\\.|\$(?!\{)|\$\{[^`{}\n]*\})*`/g, (template) =>
      (template.match(/\$\{.*?\}/g) ?? []).join(' '),
    )
}

test('a comment says why each `!` and each `as` holds', () => {
  expect(sources().flatMap(([file, text]) => unexplained(file, text))).toEqual([])
})

test.each([
  ['const first = list[0]!'],
  ['return found()!.name'],
  ['  #fail!: () => void'],
  ['const shown = value as Event'],
  ['const [one] = list as [string]'],
  ["const unit = word as 'ms' | 's'"],
  ['const all = (await load()) as unknown'],
  ['// A reason two lines above.\n\nconst first = list[0]!'],
  ['use(last) // The reason of another line.\nconst first = list[0]!'],
  ["const place = 'http://' + list[0]!"],
  ['const text = `as many as $' + '{list[0]!}`'],
])('the check finds an assertion without a reason: %s', (text) => {
  expect(unexplained('log.ts', text)).toHaveLength(1)
})

test.each([
  ['const first = list[0]! // The list is never empty.'],
  ['// The list is never empty.\nconst first = list[0]!'],
  ['// The list has two elements.\nconst first = list[0]!\nconst last = list[1]!'],
  ['/* A long reason,\n   on two lines. */\nconst first = list[0]!'],
  ['if (!found && one !== other) stop()'],
  ["const modes = ['once'] as const"],
  ["import { a as B } from './a.js'\nimport type * as C from './c.js'\nexport {\n  d as E,\n} from './d.js'"],
  ["const text = 'Stop! It is used as Text.'"],
  ['const text = `as many as $count`'],
  ['const text = `as many as F_GETPIPE_SZ: $' + '{count}`'],
])('the check accepts: %s', (text) => {
  expect(unexplained('log.ts', text)).toEqual([])
})

/** Ways to parse a text. `slice`, which shortens a text that is shown, is not among them. */
const parsers = 'match|matchAll|startsWith|endsWith|includes|indexOf|split|search|replace|replaceAll'

/** Compares texts with a word for which the reader of a page searches, which is no parsing. */
const searchBox = 'views/html/page.ts'

/**
 * Where a program reads the sentence of an event: the text of a note or claim, the words of evidence, the object of a
 * call. A program must use a field for this, such as an id, a role or data.
 */
function sentencesRead(file: string, text: string): string[] {
  // These layers parse the text of files and of command lines.
  if (['proc', 'commands', 'ipc'].includes(layerOf(file)) || file === searchBox) return []
  const code = stripComments(text)
  const found = [
    ...code.matchAll(new RegExp(`\\w\\.(?:text|about|value|object)!?\\??\\.(?:${parsers})\\(`, 'g')),
    ...code.matchAll(/\.(?:test|exec)\((?:\w+\.(?:text|about|value|object)|about|value|object)\)/g),
    ...code.matchAll(/\w\.(?:text|about|value) ?[!=]== ?['"`]/g),
  ]
  return found.map(([words]) => `${file}: ${words}`)
}

test('no module exports a variable that may change: the build makes a constant of each import', () => {
  expect(
    sources().flatMap(([file, text]) => (/^export (let|var|default)\b/m.test(text) ? [file] : [])),
  ).toEqual([])
})

test('no code reads the sentence of an event', () => {
  expect(sources().flatMap(([file, text]) => sentencesRead(file, text))).toEqual([])
})

test.each([
  ['demos/pipe/atomic.ts', "until('evidence', ({ value }) => / torn,/.test(value))"],
  ['demos/pipe/atomic.ts', 'event.value.match(/\\d+/g)'],
  ['demos/pipe/half-duplex.ts', "until('call', (event) => event.object.startsWith('FIFO back'))"],
  ['demos/pipe/capacity.ts', "return answer.value === 'POLLOUT'"],
  ['demos/socket/short-reads.ts', '/\\d+/.exec(read.object)'],
  ['views/perfetto/index.ts', '/^(\\d+) voluntary/.exec(event.value)'],
  ['views/svg/timeline/marks.ts', "event.text.includes('is killed')"],
])('the check finds a sentence read in %s: %s', (file, text) => {
  expect(sentencesRead(file, text)).toHaveLength(1)
})

test.each([
  ['views/svg/timeline/arrows.ts', 'message.text.slice(0, most)'],
  ['demos/shm/demo.ts', 'received.text === text'],
  ['proc/status.ts', '/^Tgid:/m.exec(text)'],
])('the check accepts that %s handles a text: %s', (file, text) => {
  expect(sentencesRead(file, text)).toEqual([])
})

test('only main exits the process, and no file renames it', () => {
  const offenders = sources().filter(
    ([file, text]) =>
      (file !== 'main.ts' && /process\.exit\(/.test(stripComments(text))) ||
      /process\.title\s*=/.test(stripComments(text)),
  )
  expect(offenders.map(([file]) => file)).toEqual([])
})

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
}
