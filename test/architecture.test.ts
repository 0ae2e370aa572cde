/** Who may import whom: docs/architecture.md has this table in words, here it is executed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'

interface Layer {
  /** Layers of ours whose code it may use. */
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
  errors: { uses: [] },
  log: { uses: [], packages: ['pino'] },
  framing: { uses: [] },
  proc: { uses: ['errors'] },
  ipc: { uses: ['errors', 'framing'], packages: ['execa'] },
  actors: { uses: ['ipc', 'framing', 'proc', 'events', 'errors'], types: ['actor-types'] },
  run: { uses: ['ipc', 'proc', 'events', 'errors', 'log'], types: ['actor-types'] },
  why: { uses: ['proc', 'ipc', 'events', 'errors', 'shell-quote'], types: ['run'] },
  demos: {
    uses: ['run', 'why', 'ipc', 'framing', 'proc', 'events', 'errors', 'shell-quote'],
    types: ['actors'],
  },
  replay: { uses: ['run', 'events', 'errors'] },
  views: { uses: ['events'], packages: ['chalk', 'fast-string-width', 'fast-wrap-ansi'] },
  commands: { uses: ['demos', 'replay', 'views', 'run', 'events', 'errors', 'log'], packages: ['commander'] },
  main: { uses: ['commands', 'errors'] },
  cli: { uses: ['main'] },
}

/** Packages that a single file may use, whatever its layer. */
const oneDoor: Record<string, string> = { koffi: 'ipc/libc.ts' }

const imports = /(?:^|\n)\s*(?:import|export)\s+(?<type>type\s)?[^'";]*?from\s*'(?<from>[^']+)'/g
const otherImports = /(?:\bimport\s*\(\s*|\n\s*import\s+)'(?<from>[^']+)'/g

function layerOf(file: string): string {
  return file.split('/')[0]!.replace(/\.ts$/, '')
}

/** What a file of src (`ipc/fifo.ts`) imports and may not. */
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
    const name = from.split('/')[0]!
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
  ['stray/thing.ts', "import 'node:fs'"],
])('the check sees a forbidden import planted in %s: %s', (file, text) => {
  expect(violations(file, text)).toHaveLength(1)
})

test.each([
  ['ipc/libc.ts', "import koffi from 'koffi'"],
  ['ipc/fifo.ts', "const { execa } = await import('execa')"],
  ['demos/pipe.ts', "import type { FifoReaderConfig } from '../actors/fifo-reader.js'"],
  ['run/package.ts', "import manifest from '../../package.json' with { type: 'json' }"],
])('the check lets an allowed import pass in %s: %s', (file, text) => {
  expect(violations(file, text)).toEqual([])
})

test('only main ends the process, and nobody renames it', () => {
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
