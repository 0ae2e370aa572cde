/** The package as a user gets it: packed, installed in an empty folder, and used there. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { installPackage, packedFiles } from './support/install-package.js'
import { playDemo } from './support/osdemo.js'

const folder = mkdtempSync(join(tmpdir(), 'osdemo-package-'))
let program = ''
let unreachable: string | undefined

beforeAll(() => {
  try {
    program = installPackage(folder)
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
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the tarball has the entry files of the actors, and no other, and no source maps', () => {
  const files = packedFiles(folder)
  const entries = readdirSync('src/actors').filter((name) => name.endsWith('.ts'))
  expect(files.filter((file) => file.startsWith('dist/actors/')).sort()).toEqual(
    entries.map((name) => `dist/actors/${name.replace(/ts$/, 'cjs')}`).sort(),
  )
  expect(files.filter((file) => file.endsWith('.map'))).toEqual([])
})

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

test('the framing library is imported from there', () => {
  const code = `
    import { encode, FrameDecoder } from 'osdemo/framing'
    const frames = new FrameDecoder().push(Buffer.concat([encode('one'), encode('two')]))
    process.stdout.write(frames.join(' '))`
  writeFileSync(join(folder, 'frames.mjs'), code)
  const words = [join(folder, 'frames.mjs')]
  expect(execFileSync(process.execPath, words, { encoding: 'utf8' })).toBe('one two')
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
