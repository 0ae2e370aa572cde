/** The package as a user gets it: packed, installed in an empty folder, and used there. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { installPackage, packedFiles, packPackage } from './support/install-package.js'
import { newPlace, outcome, parseEvents, playDemo } from './support/osdemo.js'

const base = mkdtempSync(join(tmpdir(), 'osdemo-package-'))
const folder = join(base, 'full')
let tarball = ''
let program = ''
/** The program as installed without koffi, and without any script of a package. */
const bareFolder = join(base, 'bare')
let bareProgram = ''
let unreachable: string | undefined

beforeAll(async () => {
  try {
    tarball = await packPackage(base)
    ;[program, bareProgram] = await Promise.all([
      installPackage(tarball, folder),
      installPackage(tarball, bareFolder, ['--omit=optional', '--ignore-scripts']),
    ])
  } catch (error) {
    const found =
      /npm error code (EAI_AGAIN|ENOTFOUND|ENETUNREACH|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED)/
    unreachable = found.exec(String(error))?.[1]
    if (!unreachable) throw error
  }
})
beforeEach(({ skip }) =>
  skip(unreachable !== undefined, `the package registry is not reachable: ${unreachable}`),
)
afterAll(() => rmSync(base, { recursive: true, force: true }))

test('the tarball has what a user needs: the program, its man pages and examples, and no tests, sources or maps', () => {
  const files = packedFiles(tarball)
  const tops = new Set(files.map((file) => file.split('/')[0]))
  expect([...tops].sort()).toEqual([
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'docs',
    'examples',
    'package.json',
  ])
  expect(files.filter((file) => file.startsWith('docs/') && !file.startsWith('docs/mistakes/'))).toEqual([])
  const entries = readdirSync('src/actors').filter((name) => name.endsWith('.ts'))
  expect(files.filter((file) => file.startsWith('dist/actors/')).sort()).toEqual(
    entries.map((name) => `dist/actors/${name.replace(/ts$/, 'cjs')}`).sort(),
  )
  expect(files.filter((file) => /\.(map|ts)$|\.test\./.test(file) && !file.endsWith('.d.ts'))).toEqual([])
  const { man } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(files).toEqual(expect.arrayContaining(man.map((file: string) => file.replace('./', ''))))
})

test('unpacked, it has less than 1.5 MB', () => {
  const own = join(folder, 'node_modules/osdemo')
  const sizes = packedFiles(tarball).map((file) => statSync(join(own, file)).size)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_500_000)
})

test('publint finds nothing to change in it', async () => {
  const data = readFileSync(tarball)
  const { messages, pkg } = await publint({
    pack: { tarball: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) },
  })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

test('its types are right for every program that can import an ES module', async () => {
  const { problems } = (await checkPackage(createPackageFromTarballData(readFileSync(tarball)))) as {
    problems: { kind: string; resolutionKind?: string }[]
  }
  // Node 10 knew no `exports`. From CommonJS, require() returns the ES module on every version of Node that osdemo supports.
  const accepted = problems.filter(
    ({ kind, resolutionKind }) => resolutionKind === 'node10' || kind === 'CJSResolvesToESM',
  )
  expect(problems.filter((problem) => !accepted.includes(problem))).toEqual([])
})

test('it names the repository, and has the licenses of the packages that it contains', () => {
  const own = join(folder, 'node_modules/osdemo')
  const manifest = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'))
  expect(manifest.repository.url).toContain(manifest.homepage)
  expect(manifest.bugs.url).toContain(manifest.homepage)
  const notices = readFileSync(join(own, 'dist/THIRD-PARTY.txt'), 'utf8')
  const { chalk, commander, execa, pino } = manifest.dependencies
  for (const name of [`chalk ${chalk}`, `commander ${commander}`, `execa ${execa}`, `pino ${pino}`]) {
    expect(notices).toContain(`\n${name}\n  Copyright`)
  }
})

test.runIf(process.platform === 'linux')(
  'without optional dependencies and scripts, only what calls the C library is missing, and exits with 69',
  async () => {
    expect(existsSync(join(bareFolder, 'node_modules/koffi'))).toBe(false)
    const [ffi] = await Promise.all([
      outcome(newPlace().osdemo(['shm', 'demo', '--json'], { program: bareProgram })),
      playDemo(['pipe', 'demo'], { program: bareProgram }),
    ])
    expect(ffi.exit).toBe(69)
    expect(parseEvents(ffi.stdout).at(-1)).toMatchObject({
      event: 'error',
      exit: 69,
      hint: expect.stringContaining('--include=optional'),
    })
  },
)

test('npm installs no development dependency beside it', () => {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const installed = readdirSync(join(folder, 'node_modules'))
  expect(installed).toContain('osdemo')
  expect(installed.filter((name) => name in devDependencies)).toEqual([])
})

test('the command that npm linked prints its version', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const command = join(folder, 'node_modules/.bin/osdemo')
  expect(execFileSync(command, ['--version'], { encoding: 'utf8' })).toBe(`${version}\n`)
})

test.runIf(process.platform === 'linux')('`pipe demo` runs from there', async () => {
  await playDemo(['pipe', 'demo'], { program })
})

test.runIf(process.platform === 'linux')(
  '`shm demo` runs from there, with the FFI that npm has installed',
  async () => {
    await playDemo(['shm', 'demo'], { program })
  },
)

test('the framing library is imported from there, and from CommonJS too', () => {
  const code = `
    import { encode, FrameDecoder } from 'osdemo/framing'
    const frames = new FrameDecoder().push(Buffer.concat([encode('one'), encode('two')]))
    process.stdout.write(frames.join(' '))`
  writeFileSync(join(folder, 'frames.mjs'), code)
  const words = [join(folder, 'frames.mjs')]
  expect(execFileSync(process.execPath, words, { encoding: 'utf8' })).toBe('one two')
  const script = "process.stdout.write(typeof require('osdemo/framing').FrameDecoder)"
  const stdout = execFileSync(process.execPath, ['--no-warnings', '-e', script], {
    encoding: 'utf8',
    cwd: folder,
  })
  expect(stdout).toBe('function')
})

test('the framing library has types there, which reject a wrong call', () => {
  const code = `
    import { encode, FrameDecoder } from 'osdemo/framing'
    const decoder = new FrameDecoder()
    export const frames: Buffer[] = decoder.push(encode('one'))
    // @ts-expect-error a frame is no number
    decoder.push(1)`
  writeFileSync(join(folder, 'frames.mts'), code)
  const types = fileURLToPath(new URL('../node_modules/@types', import.meta.url))
  const options = `--ignoreConfig --noEmit --strict --module nodenext --target es2023 --types node --typeRoots ${types}`
  const words = [...options.split(' '), join(folder, 'frames.mts')]
  execFileSync('node_modules/.bin/tsc', words, { stdio: ['ignore', 'inherit', 'inherit'] })
})
