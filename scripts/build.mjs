// Builds dist/: the program as ES modules, split so that `--version` and `--json` load only what they need; every actor and the framing
// library as a file of its own; then the types of what the package exports, and the JSON Schema of the events.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { createGenerator } from 'ts-json-schema-generator'

const root = new URL('..', import.meta.url).pathname
process.chdir(root)

const actors = readdirSync('src/actors').filter((file) => file.endsWith('.ts'))
const options = {
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
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
}
/** In the source a command is imported when it is asked for; here all of them come with the list of them. */
const commandsAtOnce = {
  name: 'commands at once',
  setup(bundler) {
    bundler.onLoad({ filter: /\/src\/commands\/index\.ts$/ }, ({ path }) => {
      const imports = []
      const list = readFileSync(path, 'utf8').replace(/import\(('.*?')\)/g, (_, file) => {
        const name = `command${imports.length}`
        imports.push(`import * as ${name} from ${file}`)
        return `Promise.resolve(${name})`
      })
      return { contents: [...imports, list].join('\n'), loader: 'ts' }
    })
  },
}
/** What draws pictures is a file by itself: else the timeline would be cut into what it shares with them and what not. */
const picturesApart = {
  name: 'pictures apart',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\/pictures\.js$/ }, () => ({
      path: './views/pictures.js',
      external: true,
    }))
  },
}
// Each file costs the loader of a starting process more than a hundred lines of code in it. So the commands are not cut into
// pieces that some of them share, an actor is one file, and the program and the actors share none.
const bundles = await Promise.all([
  build({
    ...options,
    entryPoints: ['src/cli.ts'],
    splitting: true,
    plugins: [commandsAtOnce, picturesApart],
  }),
  build({ ...options, entryPoints: ['src/views/pictures.ts'] }),
  build({ ...options, entryPoints: ['src/framing/index.ts', ...actors.map((file) => `src/actors/${file}`)] }),
])

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
  const stale = /\.js(\.map)?$/.test(path) && !bundles.some(({ metafile }) => path in metafile.outputs)
  if (stale) rmSync(path)
}
