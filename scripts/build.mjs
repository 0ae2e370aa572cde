// Builds dist/: one ESM bundle, split so that a command loads only what it needs, with every actor and the framing
// library as entries of their own; then the types of what the package exports, and the JSON Schema of the events.
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { createGenerator } from 'ts-json-schema-generator'

const root = new URL('..', import.meta.url).pathname
process.chdir(root)

const actors = readdirSync('src/actors').filter((file) => file.endsWith('.ts'))
const { metafile } = await build({
  entryPoints: ['src/cli.ts', 'src/framing/index.ts', ...actors.map((file) => `src/actors/${file}`)],
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'linked',
  metafile: true,
  // commander, execa and pino are CommonJS inside and ask for `require`, which an ES module does not have.
  banner: {
    js: "import { createRequire as osdemoRequire } from 'node:module'; const require = osdemoRequire(import.meta.url);",
  },
  // Less to read and to parse at each start. Names stay as they are, for stack traces and for errors, which have names.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
})

const tsc = new URL('../node_modules/.bin/tsc', import.meta.url).pathname
const emit = [
  '--noEmit',
  'false',
  '--declaration',
  '--emitDeclarationOnly',
  '--rootDir',
  'src',
  '--outDir',
  'dist',
]
execFileSync(tsc, ['-p', 'tsconfig.framing.json', ...emit], { stdio: 'inherit' })

const schema = createGenerator({
  path: 'src/events.ts',
  type: 'Event',
  tsconfig: 'tsconfig.json',
  topRef: false,
})
const schemaFile = 'dist/events.schema.json'
writeFileSync(
  schemaFile,
  `${JSON.stringify({ title: 'One event of an osdemo run', ...schema.createSchema('Event') }, null, 2)}\n`,
)

// The first help page, which is then shown without loading what made it.
rmSync('dist/help.txt', { force: true })
const env = { ...process.env, NO_COLOR: '1' }
writeFileSync('dist/help.txt', execFileSync(process.execPath, ['bin/osdemo.js', '--help'], { env }))

// What an earlier build left is removed last, so that dist/ works at every moment of a build.
for (const file of readdirSync('dist', { recursive: true })) {
  const path = `dist/${file}`
  const stale = /\.js(\.map)?$/.test(path) && !(path in metafile.outputs)
  if (stale) rmSync(path)
}
