// Builds dist/: the program and each actor as one file of CommonJS, which starts sooner than ES modules do; the framing library as
// an ES module; the types of what the package exports, the JSON Schema of the events, and what makes a start quick.
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { createGenerator } from 'ts-json-schema-generator'
import { eventCheckCode } from './event-check.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const options = {
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'linked',
  metafile: true,
  // Less to read and to parse at each start. Names stay as they are, for stack traces and for errors, which have names.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
}
const commonJs = {
  ...options,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // bin/osdemo.js runs the program as a script of V8, and such a one has no `import()`.
  supported: { 'dynamic-import': false },
  // The source is ES modules, which are strict; as the first words of a file, esbuild's own directive would not be.
  banner: { js: "'use strict';const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'importMetaUrl' },
}
/** What few runs need, and what is large. */
const apart = { execa: 'execa', pino: 'pino', pictures: 'src/views/pictures.ts' }
const filesApart = {
  name: 'files apart',
  setup(bundler) {
    bundler.onResolve({ filter: /^(\.\/)?\w+(\.js)?$/ }, ({ path, kind }) => {
      const name = path.replace(/^\.\/|\.js$/g, '')
      return kind === 'dynamic-import' && name in apart
        ? { path: `./${name}.cjs`, external: true }
        : undefined
    })
  },
}
const actors = readdirSync('src/actors').filter((file) => file.endsWith('.ts'))

const schema = createGenerator({
  path: 'src/events.ts',
  type: 'Event',
  tsconfig: 'tsconfig.json',
  topRef: false,
}).createSchema('Event')

const bundles = await Promise.all([
  build({ ...commonJs, entryPoints: { osdemo: 'src/cli.ts', ...apart }, plugins: [filesApart] }),
  build({ ...commonJs, entryPoints: actors.map((file) => `src/actors/${file}`) }),
  build({ ...options, format: 'esm', entryPoints: ['src/framing/index.ts'] }),
  build({
    ...commonJs,
    sourcemap: false,
    minify: true,
    stdin: { contents: eventCheckCode(schema) },
    outdir: undefined,
    outfile: 'dist/event-check.cjs',
  }),
])

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
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.framing.json', ...emit], { stdio: 'inherit' })

const schemaFile = 'dist/events.schema.json'
writeFileSync(schemaFile, `${JSON.stringify({ title: 'One event of an osdemo run', ...schema }, null, 2)}\n`)

// That of earlier builds, of any Node.
for (const file of readdirSync('dist')) if (file.includes('.bytecode')) rmSync(`dist/${file}`)
execFileSync(process.execPath, ['scripts/store-bytecode.cjs'], { stdio: 'pipe' })

// The first help page, which is then shown without loading what made it.
rmSync('dist/help.txt', { force: true })
const env = { ...process.env, NO_COLOR: '1' }
writeFileSync('dist/help.txt', execFileSync(process.execPath, ['bin/osdemo.js', '--help'], { env }))

// What an earlier build left is removed last, so that dist/ works at every moment of a build.
for (const file of readdirSync('dist', { recursive: true })) {
  const path = `dist/${file}`
  const stale = /\.c?js(\.map)?$/.test(path) && !bundles.some(({ metafile }) => path in metafile.outputs)
  if (stale) rmSync(path)
}
