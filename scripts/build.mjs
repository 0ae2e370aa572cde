/**
 * Builds dist/: the program as files of CommonJS that share chunks, each actor as one file, the framing library as an
 * ES module with its types, the JSON Schema of the events, the code that checks them, the man pages, and the first
 * help page.
 *
 * Everything is built in a folder beside dist/ and then renamed into dist/ file by file. A program that starts at the
 * same time finds either the old file or the new one, never half a file.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { createGenerator } from 'ts-json-schema-generator'
import { eventCheckCode } from './event-check.mjs'
import { thirdPartyNotices } from './third-party.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const draft = mkdtempSync('dist.')
process.on('exit', () => rmSync(draft, { recursive: true, force: true }))

const common = /** @type {const} */ ({
  platform: 'node',
  target: 'node20.19',
  // Smaller files load faster. Names are kept, because errors and stack traces show them.
  minifyWhitespace: true,
  minifySyntax: true,
})
const commonJs = /** @type {const} */ ({
  ...common,
  format: 'cjs',
  // import() would wait for Node's loader of ES modules; require() does not.
  supported: { 'dynamic-import': false },
  // As paths, because the URL in import.meta takes milliseconds to make.
  define: { 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
})
const strict = "'use strict';"

const files = { bundle: true, outdir: draft, outbase: 'src', external: ['koffi'] }
const commonJsFiles = { ...commonJs, ...files, banner: { js: strict }, outExtension: { '.js': '.cjs' } }

const main = join(process.cwd(), 'src/main.ts')

/** Small modules that many commands share. On its own, nearly every one of them would become a chunk. */
const shared = ['src/proc', 'src/ipc', 'src/demos/shared'].flatMap((folder) =>
  filesOf(folder).map((file) => join(process.cwd(), folder, file)),
)
/** Packages that the program loads only when it needs them, and what it uses of each. */
const packagesForLater = { execa: 'execaSync', pino: 'pino' }

/** @param {string[]} modules */
const importing = (modules) => modules.map((path) => `import ${JSON.stringify(path)}\n`).join('')

/**
 * A source file as JavaScript, with short names for what it does not export. Exported names stay, because errors and stack traces
 * show them.
 *
 * @param {string} path
 */
async function shortened(path) {
  const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } }
  const loader = path.endsWith('.ts') ? 'ts' : 'js'
  const options = /** @type {const} */ ({
    target: common.target,
    minifyIdentifiers: true,
    tsconfigRaw,
    loader,
  })
  return (await transform(readFileSync(path, 'utf8'), options)).code
}

/** @type {import('esbuild').Plugin} */
const shortNames = {
  name: 'short names',
  setup({ onLoad }) {
    onLoad({ filter: /\.([cm]?js|ts)$/ }, async ({ path }) => ({ contents: await shortened(path) }))
  },
}

/**
 * Makes one chunk, the core, of main.ts and the shared modules: every file of the program imports main.ts, which is
 * loaded before any of them, and main.ts imports what is shared. Without this, esbuild makes a chunk for each set of
 * commands that use the same modules. A command would load up to twenty of them, at 0.25 ms each.
 *
 * @type {import('esbuild').Plugin}
 */
const oneCore = {
  name: 'one core',
  setup({ onResolve, onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => ({
      contents: importing(path === main ? shared : [main]) + (await shortened(path)),
    }))
    // The helper code that esbuild adds to a CommonJS package would otherwise be one more chunk, which all others
    // load.
    for (const [path, name] of Object.entries(packagesForLater)) {
      onResolve({ filter: RegExp(`^${path}$`) }, ({ kind }) =>
        kind === 'dynamic-import' ? { path, namespace: 'for later' } : undefined,
      )
      onLoad({ filter: RegExp(`^${path}$`), namespace: 'for later' }, () => ({
        contents: `${importing([main])}export { ${name} } from '${path}'`,
        resolveDir: process.cwd(),
      }))
    }
  },
}

/**
 * Commander can start other programs as subcommands. osdemo has no such subcommands, and loading node:child_process
 * takes a millisecond. pino can write in a thread, which osdemo does not use (`src/log.ts`).
 *
 * @type {import('esbuild').Plugin}
 */
const withoutUnused = {
  name: 'without what is unused',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer, path }) =>
      importer.includes('/node_modules/commander/') ? { path, namespace: 'unused' } : undefined,
    )
    onResolve({ filter: /^thread-stream$/ }, ({ path }) => ({ path, namespace: 'unused' }))
    onLoad({ filter: /^/, namespace: 'unused' }, () => ({ contents: '' }))
  },
}

/**
 * Shortens the names that esbuild gives to imported chunks: they stand before each use of what a chunk exports.
 *
 * @param {string} code
 */
function shortImports(code) {
  const long = /\bimport_(?:chunk|actor)_[A-Z0-9]{8}\d*\b/g
  const names = [...new Set(code.match(long))]
  if (/\bi\$\d/.test(code)) throw new Error('A chunk has a name that is kept for imports.')
  return code.replaceAll(long, (name) => `i$${names.indexOf(name)}`)
}

/** The code that switches the compile cache on. */
async function compileCacheStart() {
  const { outputFiles } = await build({
    ...commonJs,
    format: 'iife',
    bundle: true,
    stdin: {
      contents: "import { useCompileCache } from './src/run/compile-cache.js'\nuseCompileCache()",
      resolveDir: process.cwd(),
    },
    write: false,
  })
  return outputFiles.map(({ text }) => text).join('')
}

/**
 * esbuild splits only ES modules into chunks, so each chunk is converted to CommonJS afterwards. main.cjs only loads
 * the core, so it switches the compile cache on before.
 */
async function buildProgram() {
  const start = await compileCacheStart()
  const { outputFiles, metafile } = await build({
    ...common,
    ...files,
    entryPoints: [main],
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    outExtension: { '.js': '.cjs' },
    plugins: [oneCore, withoutUnused, shortNames],
    metafile: true,
    write: false,
  })
  mkdirSync(join(draft, 'chunks'), { recursive: true })
  // Stack traces begin and end in the core, so what it exports keeps its names.
  const core = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint)?.imports[0]?.path ?? ''
  for (const { path, text } of outputFiles) {
    const banner = path.endsWith('main.cjs') ? strict + start : strict
    const minifyIdentifiers = !core.endsWith(basename(path))
    const { code } = await transform(text, { ...commonJs, banner })
    // Removes the copy that esbuild makes of each chunk's exports, which takes a millisecond. It only matters for
    // default exports, and no file of the program has one.
    const short = code.replace('module.exports=__toCommonJS(stdin_exports)', 'module.exports=stdin_exports')
    // Without that copy, most of esbuild's helper code in front of each chunk is unused.
    const rest = await transform(short, { ...commonJs, treeShaking: true, minifyIdentifiers })
    writeFileSync(path, shortImports(rest.code))
  }
  return metafile
}

/**
 * Builds the actors: each is one file, and besides only what all of them need is a chunk. esbuild alone makes a chunk of whatever
 * two of them share, and an actor would load up to ten. So a second build puts those chunks back into the actors.
 */
async function buildActors() {
  const { outputFiles, metafile } = await build({
    ...common,
    ...files,
    entryPoints: readdirSync('src/actors').flatMap((file) =>
      file.endsWith('.ts') ? `src/actors/${file}` : [],
    ),
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/actor-[hash]',
    outExtension: { '.js': '.cjs' },
    plugins: [shortNames],
    metafile: true,
    write: false,
  })
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]))
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => ({
    path: join(process.cwd(), path),
    ...output,
  }))
  const actors = outputs.filter(({ entryPoint }) => entryPoint !== undefined)
  const importsOf = actors.map(({ imports }) => imports.map(({ path }) => join(process.cwd(), path)))
  const forAll = outputs
    .map(({ path }) => path)
    .filter((path) => importsOf.every((paths) => paths.includes(path)))
  /** @type {import('esbuild').Plugin} */
  const fromFirstBuild = {
    name: 'from the first build',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^/ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point') return { path, namespace: 'first' }
        const file = join(dirname(importer), path)
        if (!texts.has(file)) return { path, external: true }
        return forAll.includes(file)
          ? { path: `../chunks/${basename(file)}`, external: true }
          : { path: file, namespace: 'first' }
      })
      onLoad({ filter: /^/, namespace: 'first' }, ({ path }) => ({ contents: texts.get(path) ?? '' }))
    },
  }
  const second = await build({
    ...commonJsFiles,
    outbase: draft,
    entryPoints: [...actors.map(({ path }) => path), ...forAll],
    plugins: [fromFirstBuild],
    minifyIdentifiers: true,
    write: false,
  })
  for (const { path, text } of second.outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return metafile
}

/** The declarations of the framing library. */
function buildTypes() {
  const words = '--noEmit false --declaration --emitDeclarationOnly --rootDir src --outDir'.split(' ')
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.framing.json', ...words, draft], {
    stdio: 'inherit',
  })
}

/** The man pages are made from the commands, so a program that imports these writes them. */
async function buildManPages() {
  const outfile = join(draft, 'write-man-pages.mjs')
  const entryPoints = ['scripts/man/index.ts']
  await build({ ...common, bundle: true, packages: 'external', format: 'esm', entryPoints, outfile })
  execFileSync(process.execPath, [outfile, join(draft, 'man')], { stdio: 'inherit' })
  rmSync(outfile)
}

const schema = createGenerator({
  path: 'src/events.ts',
  type: 'Event',
  tsconfig: 'tsconfig.json',
  topRef: false,
}).createSchema('Event')
const published = { title: 'One event of an osdemo run', ...schema }
writeFileSync(join(draft, 'events.schema.json'), `${JSON.stringify(published)}\n`)

const [ofProgram, ofActors, ofEventCheck] = await Promise.all([
  buildProgram(),
  buildActors(),
  build({
    ...commonJs,
    bundle: true,
    minify: true,
    banner: { js: strict },
    stdin: { contents: eventCheckCode(schema), resolveDir: process.cwd() },
    outfile: join(draft, 'event-check.cjs'),
    metafile: true,
  }),
  build({ ...commonJsFiles, entryPoints: ['src/run/saver.ts'] }),
  build({ ...common, ...files, format: 'esm', entryPoints: ['src/framing/index.ts'] }),
  buildManPages(),
])
buildTypes()
const notices = thirdPartyNotices([ofProgram, ofActors, ofEventCheck.metafile])
writeFileSync(join(draft, 'THIRD-PARTY.txt'), notices)

// bin/osdemo.js prints this page without loading the program.
const program = `require(${JSON.stringify(join(process.cwd(), draft, 'main.cjs'))}).main(['--help'])`
// The compile cache is of no use for a path that is loaded once.
const env = { ...process.env, NO_COLOR: '1', NODE_DISABLE_COMPILE_CACHE: '1' }
writeFileSync(join(draft, 'help.txt'), execFileSync(process.execPath, ['-e', program], { env }))

// Chunks first: their names contain a hash of their content, so a chunk of an earlier build never changes. The help
// page last: the tests take its time for that of the build.
const order = [/^(?!chunks|help)/, /^help/]
/** @param {string} file */
const rank = (file) => order.findIndex((pattern) => pattern.test(file))
const built = filesOf(draft).sort((a, b) => rank(a) - rank(b))
for (const file of built) {
  mkdirSync(dirname(join('dist', file)), { recursive: true })
  renameSync(join(draft, file), join('dist', file))
}
for (const file of filesOf('dist')) if (!built.includes(file)) rmSync(join('dist', file))

/** @param {string} folder */
function filesOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
}
