/**
 * Builds dist/: the program as files of CommonJS that share chunks, each actor as one file, the framing library as an
 * ES module with its types, the JSON Schema of the events, the man pages, and the first help page.
 *
 * Everything is built in a folder beside dist/ and then renamed into dist/ file by file. A program that starts at the
 * same time finds either the old file or the new one, never half a file.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { build, transform } from 'esbuild'
import { createGenerator } from 'ts-json-schema-generator'
import { thirdPartyNotices } from './third-party.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const draft = mkdtempSync('dist.')
process.on('exit', () => rmSync(draft, { recursive: true, force: true }))

const common = /** @type {const} */ ({
  platform: 'node',
  target: 'node20.19',
  // Smaller files load faster.
  minifyWhitespace: true,
  minifySyntax: true,
  minifyIdentifiers: true,
})
// As paths, because the URL in import.meta takes milliseconds to make.
const ownPath = { 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' }
const commonJs = /** @type {const} */ ({
  ...common,
  format: 'cjs',
  // import() would wait for Node's loader of ES modules; require() does not.
  supported: { 'dynamic-import': false },
  define: ownPath,
})
const strict = "'use strict';"

const files = { bundle: true, outdir: draft, outbase: 'src', external: ['koffi'] }
/** Modules that `writeAsCommonJs` writes. */
const asModules = /** @type {const} */ ({
  ...common,
  ...files,
  format: 'esm',
  write: false,
})

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
 * Makes one chunk, the core, of main.ts and the shared modules: every file of the program imports main.ts, which is
 * loaded before any of them, and main.ts imports what is shared. Without this, esbuild makes a chunk for each set of
 * commands that use the same modules. A command would load up to twenty of them, at 0.25 ms each.
 *
 * @type {import('esbuild').Plugin}
 */
const oneCore = {
  name: 'one core',
  setup({ onResolve, onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: importing(path === main ? shared : [main]) + readFileSync(path, 'utf8'),
      loader: 'ts',
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
 * Modules of packages that osdemo does not use, by the name with which the package imports them, and what they become. Commander
 * can start other programs as subcommands. execa can start a program without waiting for it, and print what it does. pino can open
 * files, write in a thread and hide fields: osdemo gives it a stream (`src/log.ts`). Scales can map colours and format numbers.
 *
 * @type {Record<string, Record<string, string>>}
 */
const unusedOf = {
  commander: { 'node:child_process': '' },
  execa: {
    './main-async.js': 'export const execaCoreAsync = undefined',
    './lib/ipc/methods.js': 'export const getIpcExport = () => ({})',
    './default.js': 'export const defaultVerboseFunction = undefined',
    'pretty-ms': 'export default undefined',
    // It only changes the command line on Windows.
    'cross-spawn': 'export default { _parse: (command, args, options) => ({ command, args, options }) }',
    // Descriptions of signals, under a license that is longer than they are.
    'human-signals': `import { constants } from 'node:os'
      const names = Object.keys(constants.signals)
      export const signalsByName = Object.fromEntries(names.map((name) => [name, { description: name }]))`,
  },
  'd3-interpolate': { 'd3-color': 'module.exports = {}' },
  'd3-scale': { 'd3-format': 'module.exports = {}' },
  pino: {
    'sonic-boom': 'module.exports = class {}',
    '@pinojs/redact': '',
    './transport': '',
    './lib/transport': '',
    './lib/multistream': '',
  },
}

/** @type {import('esbuild').Plugin} */
const withoutUnused = {
  name: 'without what is unused',
  setup({ onResolve, onLoad }) {
    for (const [name, modules] of Object.entries(unusedOf)) {
      onResolve({ filter: /^/ }, ({ importer, path }) =>
        importer.includes(`/node_modules/${name}/`) && path in modules
          ? { path, namespace: 'unused', pluginData: modules[path] }
          : undefined,
      )
    }
    onLoad({ filter: /^/, namespace: 'unused' }, ({ pluginData }) => ({ contents: pluginData }))
  },
}

/**
 * A file that esbuild made as an ES module, as CommonJS. Imports become variables of their own: esbuild would make `(0,chunk.f)()`
 * of each call `f()`. So no exported variable may change after its module has run.
 *
 * @param {string} code
 */
function asCommonJs(code) {
  const statement = /(?<=^|[;\n}])(?:import([^;"]*?)from(".*?")|import(".*?")|export(\{[^}]*\}));?/g
  return code
    .replaceAll(/(?<=from|import\(?)("\.[^"]*)\.js"/g, '$1.cjs"')
    .replaceAll(statement, (_, clause = '', path, only, exported) => {
      if (exported) return `module.exports=${exported.replaceAll(/([\w$]+) as ([\w$]+)/g, '$2:$1')};`
      if (only) return `require(${only});`
      const [, whole, names] = /^(?:\*\s*as )?([\w$]+)?,?(\{.*\})?$/s.exec(clause.trim()) ?? []
      const parts = names?.replaceAll(' as ', ':')
      return [whole, parts].flatMap((each) => (each ? `const ${each}=require(${path});` : [])).join('')
    })
    .replaceAll(/\bimport(\("[^"]+"\))/g, 'Promise.resolve().then(()=>require$1)')
}

/** The chunk that draws pictures is a fifth of the package. It is compressed, and only `--save` and `--view` load it. */
const largeChunk = /chunks\/pictures-/

/** A module that runs the compressed one beside it. */
const decompressing = `${strict}const code=require('node:zlib').brotliDecompressSync(require('node:fs').readFileSync(__filename.replace(/cjs$/,'br')));require('node:vm').compileFunction(code.toString(),['module','exports','require','__filename','__dirname'],{filename:__filename})(module,exports,require,__filename,__dirname)\n`

/**
 * Writes files that esbuild made as ES modules.
 *
 * @param {import('esbuild').OutputFile[]} outputFiles
 * @param {(path: string) => string} [beginningOf] code that a file begins with
 */
async function writeAsCommonJs(outputFiles, beginningOf = () => '') {
  for (const { path, text } of outputFiles) {
    const { code } = await transform(strict + beginningOf(path) + asCommonJs(text), {
      ...common,
      format: 'cjs',
      define: ownPath,
      treeShaking: true,
    })
    mkdirSync(dirname(path), { recursive: true })
    const isLarge = largeChunk.test(path)
    if (isLarge) writeFileSync(path.replace(/js$/, 'br'), brotliCompressSync(code))
    writeFileSync(path.replace(/js$/, 'cjs'), isLarge ? decompressing : code)
  }
}

/**
 * The program reads a few fields of its package.json, and none that is about development.
 *
 * @type {import('esbuild').Plugin}
 */
const shortManifest = {
  name: 'short manifest',
  setup({ onLoad }) {
    onLoad({ filter: RegExp(`^${process.cwd()}/package\\.json$`) }, ({ path }) => {
      const { devDependencies, scripts, man, keywords, ...rest } = JSON.parse(readFileSync(path, 'utf8'))
      return { contents: JSON.stringify(rest), loader: 'json' }
    })
  },
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
    ...asModules,
    entryPoints: [main],
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [oneCore, withoutUnused, shortManifest],
    metafile: true,
  })
  await writeAsCommonJs(outputFiles, (path) => (path.endsWith('main.js') ? start : ''))
  return metafile
}

/** How many actors must need a module, so that the chunk that all of them load has it. */
const manyActors = 3

/**
 * The modules that many actors need.
 *
 * @param {string[]} entryPoints
 */
async function modulesOfManyActors(entryPoints) {
  const { metafile } = await build({ ...asModules, entryPoints, metafile: true })
  const needed = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))
  const times = (/** @type {string} */ path) => needed.filter((each) => each === path).length
  return [...new Set(needed)]
    .filter((path) => times(path) >= manyActors)
    .map((path) => join(process.cwd(), path))
}

/**
 * Builds the actors: each is one file, and besides only what many of them need is a chunk, which all of them load. esbuild alone
 * makes a chunk of whatever two of them share, and an actor would load up to ten. So a second build puts those chunks back into the
 * actors.
 */
async function buildActors() {
  const entryPoints = readdirSync('src/actors').flatMap((file) =>
    file.endsWith('.ts') ? `src/actors/${file}` : [],
  )
  const common = importing(await modulesOfManyActors(entryPoints))
  /** @type {import('esbuild').Plugin} */
  const withCommon = {
    name: 'with what many actors need',
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/actors\/[^/]*\.ts$/ }, ({ path }) => ({
        contents: common + readFileSync(path, 'utf8'),
        loader: 'ts',
      }))
    },
  }
  const { outputFiles, metafile } = await build({
    ...asModules,
    entryPoints,
    splitting: true,
    chunkNames: 'chunks/actor-[hash]',
    plugins: [withCommon],
    metafile: true,
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
    ...asModules,
    outbase: draft,
    entryPoints: [...actors.map(({ path }) => path), ...forAll],
    plugins: [fromFirstBuild],
  })
  await writeAsCommonJs(second.outputFiles)
  return metafile
}

/** The process that writes the files of `--save`. */
async function buildSaver() {
  const { outputFiles } = await build({ ...asModules, entryPoints: ['src/run/saver.ts'] })
  await writeAsCommonJs(outputFiles)
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

/**
 * The schema to publish: it has the fields of every event once, as definitions. The generator repeats them for each kind.
 *
 * @param {import('ts-json-schema-generator').Schema} schema
 */
function withSharedFields({ anyOf = [], definitions, ...rest }) {
  /** @type {{ properties?: object | undefined }[]} */
  const kinds = anyOf.flatMap((kind) => (typeof kind === 'object' ? kind : []))
  const [first, ...others] = kinds.map(({ properties = {} }) => Object.entries(properties))
  const shared = (first ?? []).filter(([name, rule]) =>
    others.every((fields) => fields.some((field) => JSON.stringify(field) === JSON.stringify([name, rule]))),
  )
  const references = Object.fromEntries(shared.map(([name]) => [name, { $ref: `#/definitions/${name}` }]))
  return {
    title: 'One event of an osdemo run',
    ...rest,
    anyOf: kinds.map((kind) => ({ ...kind, properties: { ...kind.properties, ...references } })),
    definitions: { ...definitions, ...Object.fromEntries(shared) },
  }
}

const schema = createGenerator({
  path: 'src/events.ts',
  type: 'Event',
  tsconfig: 'tsconfig.json',
  topRef: false,
}).createSchema('Event')
writeFileSync(join(draft, 'events.schema.json'), `${JSON.stringify(withSharedFields(schema))}\n`)

const [ofProgram, ofActors] = await Promise.all([
  buildProgram(),
  buildActors(),
  buildSaver(),
  // Programs see the names of its errors.
  build({
    ...common,
    ...files,
    minifyIdentifiers: false,
    format: 'esm',
    entryPoints: ['src/framing/index.ts'],
  }),
  buildManPages(),
])
buildTypes()
const notices = thirdPartyNotices([ofProgram, ofActors])
writeFileSync(join(draft, 'THIRD-PARTY.txt'), notices)

// bin/osdemo.js prints this page without loading the program.
const program = `require(${JSON.stringify(join(process.cwd(), draft, 'main.cjs'))}).main(['--help'])`
// The compile cache is of no use for a path that is loaded once.
const env = { ...process.env, NO_COLOR: '1', NODE_DISABLE_COMPILE_CACHE: '1' }
writeFileSync(join(draft, 'help.txt'), execFileSync(process.execPath, ['-e', program], { env }))

// Chunks first: their names contain a hash of their content, so a chunk of an earlier build never changes. What a chunk
// decompresses is there before it. The help
// page last: the tests take its time for that of the build.
const order = [/^(?!chunks|help)/, /^help/]
/** @param {string} file */
const rank = (file) => (file.endsWith('.br') ? -2 : order.findIndex((pattern) => pattern.test(file)))
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
