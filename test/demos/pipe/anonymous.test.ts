/** `osdemo pipe anonymous` and `osdemo pipe pipeline`. */
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, only } from '../../support/facts.js'
import { newPlace, outcome, placeOfNobody, playDemo } from '../../support/osdemo.js'

describe.skipIf(noCompiler)(`pipes between parent and child${whyNoCompiler}`, () => {
  test('anonymous: the ends of each process are one pipe, and none of the processes is left', async () => {
    const events = await playDemo(['pipe', 'anonymous'])
    const ends = only(events, 'evidence').flatMap(({ about, data }) =>
      !about.includes('parent has closed') && Array.isArray(data)
        ? (data as { process: string; access: string; target: string }[])
        : [],
    )
    expect(ends.map(({ process, access }) => `${process} ${access}`)).toEqual([
      'parent O_RDONLY',
      'parent O_WRONLY',
      'parent O_WRONLY',
      'reader O_RDONLY',
      'other O_RDONLY',
      'other O_WRONLY',
    ])
    expect(new Set(ends.map(({ target }) => target)).size).toBe(1)
    expect(claimIdsOf(events)).toContain('anonymous/why-names-the-holder')
    const processes = only(events, 'started').map(({ child }) => child)
    expect(processes).toHaveLength(3)
    expect(processes.filter((pid) => isAlive(pid))).toEqual([])
    expect(only(events, 'exited').map(({ name, code, signal }) => `${name} ${code ?? signal}`)).toEqual([
      'other SIGTERM',
      'reader 0',
      'parent 0',
    ])
  })

  test('anonymous: an ordinary user sees the same', async (context) => {
    const { place, options } = placeOfNobody(context)
    const run = place.osdemo(['pipe', 'anonymous', '--quiet'], {
      ...options,
      env: { XDG_CACHE_HOME: place.folder },
    })
    expect(await run.exit).toBe(0)
  })

  test('pipeline: stdout of one command is stdin of the next, and the output is that of a shell', async () => {
    const events = await playDemo(['pipe', 'pipeline'])
    const rows = only(events, 'evidence').flatMap(({ data }) =>
      Array.isArray(data) ? (data as { process: string; moment: string; fd: number; target: string }[]) : [],
    )
    const target = (process: string, fd: number) =>
      rows.find((row) => row.process === process && row.moment.startsWith('after dup2') && row.fd === fd)
        ?.target
    expect(target('yes', 1)).toMatch(/^pipe:/)
    expect(target('tr', 0)).toBe(target('yes', 1))
    expect(target('head', 0)).toBe(target('tr', 1))
    expect(only(events, 'exited').map(({ name, code, signal }) => `${name} ${code ?? signal}`)).toEqual([
      'head 0',
      'tr SIGPIPE',
      'yes SIGPIPE',
      'shell 0',
    ])
  })

  test.each([
    [['seq', '1', '9', '|', 'sort', '-r'], 0],
    [['true'], 0],
    [['sh', '-c', 'exit 3', '|', 'cat'], 0],
    [['ls', '|'], 2],
    [['|', 'ls'], 2],
    [['ls', '|', '|', 'ls'], 2],
    [[], 2],
    [Array(17).fill('cat').join(' | ').split(' '), 2],
    [['ls', '|', 'no-such-program'], 1],
  ])('pipeline: %j exits with %i', async (words, code) => {
    const run = newPlace().osdemo(['pipe', 'pipeline', '--', ...words])
    expect(await run.exit).toBe(code)
  })

  // The commands print no newline, a line longer than osdemo reads, and what the shell prints itself.
  test.each([
    [['printf', 'abc'], ['printf 0'], 1],
    [['head', '-c', '100000', '/dev/zero'], ['head 0'], 1],
    [['printf', 'a\\n\\npipeline: printf exited with code 7\\n'], ['printf 0'], 3],
    [['true', '|', 'sh', '-c', 'printf a; sleep 0.3; printf b; exit 4'], ['true 0', 'sh 4'], 1],
    [['sh', '-c', 'seq 100000; exit 5'], ['sh 5'], 100_000],
    // Commands with one name are told apart.
    [['seq', '3', '|', 'cat', '|', 'cat'], ['seq 0', 'cat-1 0', 'cat-2 0'], 3],
  ])('pipeline: %j ends, with its own exit code', async (words, endings, lines) => {
    const events = await playDemo(['pipe', 'pipeline', '--', ...words])
    expect(
      only(events, 'exited')
        .map(({ name, code, signal }) => `${name} ${code ?? signal}`)
        .slice(0, -1),
    ).toEqual(endings)
    expect(only(events, 'evidence').find(({ source }) => source === 'stdout')?.data).toEqual({ lines })
  })

  test('pipeline: words without -- are a usage error', async () => {
    expect(await outcome(newPlace().osdemo(['pipe', 'pipeline', 'ls']))).toMatchObject({ exit: 2 })
  })
})
