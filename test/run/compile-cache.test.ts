import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asUser, newPlace, type RunOptions, temporaryFolder } from '../support/osdemo.js'

const hasCache = 'enableCompileCache' in nodeModule

/** Runs `osdemo WORDS` with these environment variables. Node reports on stderr what it does with its compile cache. */
async function osdemo(words: string[], env: Record<string, string>, options: RunOptions = {}) {
  const run = newPlace().osdemo(words, { ...options, env })
  return { exit: await run.exit, stdout: run.stdout(), stderr: run.stderr() }
}

describe.runIf(hasCache)('the compile cache', () => {
  test('serves the second start of the program, of its processes and of its threads', async () => {
    const env = { XDG_CACHE_HOME: temporaryFolder(), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
    const words = ['shm', 'threads', '--quiet', '--times', '1000']
    const all: [string[], RegExp][] = [
      [words, /chunks\/chunk-.*accepted/],
      [words, /actors\/counter\.cjs.*accepted/],
      [['short-reads', '--quiet'], /actors\/frame-reader\.cjs.*accepted/],
    ]
    for (const [words, accepted] of all) {
      await osdemo(words, env)
      const { exit, stderr } = await osdemo(words, env)
      expect({ exit, found: accepted.test(stderr) }).toEqual({ exit: 0, found: true })
    }
  })

  test('is where no other user can write', async () => {
    const base = temporaryFolder()
    await osdemo(['help', 'tour'], { XDG_CACHE_HOME: base })
    const { uid, mode } = statSync(join(base, 'osdemo'))
    expect({ uid, mode: mode & 0o777 }).toEqual({ uid: process.getuid!(), mode: 0o700 })
    expect(readdirSync(join(base, 'osdemo', 'node'))).toHaveLength(1)
  })

  test('is the one that NODE_COMPILE_CACHE names', async () => {
    const [base, chosen] = [temporaryFolder(), temporaryFolder()]
    await osdemo(['help', 'tour'], { XDG_CACHE_HOME: base, NODE_COMPILE_CACHE: chosen })
    expect([readdirSync(base), readdirSync(chosen).length]).toEqual([[], 1])
  })

  test('is not made when the user has disabled it', async () => {
    const base = temporaryFolder()
    await osdemo(['short-reads', '--quiet'], { XDG_CACHE_HOME: base, NODE_DISABLE_COMPILE_CACHE: '1' })
    expect(readdirSync(base)).toEqual([])
  })

  test('is not used by root in the home of another user', async (context) => {
    asUser(65534, context)
    const home = temporaryFolder()
    chownSync(home, 65534, 65534)
    const { exit, stderr } = await osdemo(['help', 'tour'], { HOME: home, XDG_CACHE_HOME: '' })
    expect({ exit, stderr, made: readdirSync(home) }).toEqual({ exit: 0, stderr: '', made: [] })
  })
})

/** Prepares a folder as XDG_CACHE_HOME, in which osdemo must not use the folder `osdemo`. */
const unsafe: [string, (base: string) => void][] = [
  [
    'that all may write to',
    (base) => {
      mkdirSync(join(base, 'osdemo'))
      chmodSync(join(base, 'osdemo'), 0o777)
    },
  ],
  [
    'that is a symbolic link',
    (base) => {
      mkdirSync(join(base, 'target'), { mode: 0o700 })
      symlinkSync('target', join(base, 'osdemo'))
    },
  ],
]

test.each(unsafe)('a cache folder %s stays empty, and nothing is printed', async (_, prepare) => {
  const base = temporaryFolder()
  prepare(base)
  const { exit, stderr } = await osdemo(['help', 'tour'], { XDG_CACHE_HOME: base })
  expect({ exit, stderr, files: readdirSync(join(base, 'osdemo')) }).toEqual({
    exit: 0,
    stderr: '',
    files: [],
  })
})

test('a cache folder of another user stays empty, and nothing is printed', async (context) => {
  const options = asUser(65534, context)
  const base = temporaryFolder()
  chmodSync(base, 0o755)
  mkdirSync(join(base, 'osdemo'), { mode: 0o755 })
  const { exit, stderr } = await osdemo(['help', 'tour'], { XDG_CACHE_HOME: base }, options)
  expect({ exit, stderr, files: readdirSync(join(base, 'osdemo')) }).toEqual({
    exit: 0,
    stderr: '',
    files: [],
  })
})

test.each(['/proc/nonexistent', '/proc', '/proc/self', '/dev/null', '/sys', 'nothing'])(
  'without a home that can be written to (%s) the program starts, and prints nothing else',
  async (home) => {
    const { exit, stdout, stderr } = await osdemo(['help', 'tour'], { HOME: home, XDG_CACHE_HOME: '' })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout).toContain('osdemo tour')
  },
)
