/** "Adding a demo in ten minutes" of CONTRIBUTING.md, followed step by step in a copy of the repository. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { codeBlocks } from './support/documents.js'
import { temporaryFolder } from './support/osdemo.js'

/** The tests that must notice a new command: those that read the lists of commands, or files made from them. */
function noticing(): string[] {
  // The tour and the browser take half a minute each, and this file would start itself.
  const without = ['demos/tour.test.ts', 'views/pictures.test.ts', 'contributing.test.ts']
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  const tests = files.filter((file) => file.endsWith('.test.ts') && !without.includes(file))
  const reads = /'[./]+\/(src\/commands\/(index|tour|lib\/\w+)|scripts\/\w+)\.js'/
  return tests.map((file) => join('test', file)).filter((file) => reads.test(readFileSync(file, 'utf8')))
}

const files = [
  'src/actors/parent.ts',
  'src/demos/parent.ts',
  'src/commands/parent.ts',
  'test/demos/parent.test.ts',
]
const list = 'src/commands/index.ts'

test('the demo that CONTRIBUTING.md adds needs four files and one entry, and passes every check', () => {
  const folder = temporaryFolder()
  const built = ['.git', 'dist', 'node_modules']
  for (const name of readdirSync('.').filter((each) => !built.includes(each))) {
    cpSync(name, join(folder, name), { recursive: true })
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  const blocks = codeBlocks('CONTRIBUTING.md').filter(({ language }) => language === 'ts')
  expect(blocks.map(({ text }) => addTo(folder, text)).sort()).toEqual([...files, list].sort())

  const [section, row] = codeBlocks('CONTRIBUTING.md').filter(({ language }) => language === 'markdown')
  const reference = join(folder, 'docs/reference/command-line.md')
  const text = readFileSync(reference, 'utf8')
  writeFileSync(
    reference,
    text.replace(/^(?=### osdemo short-reads$)/m, () => `${section!.text}\n\n`),
  )

  const topics = join(folder, 'docs/teaching/course-topics.md')
  const table = readFileSync(topics, 'utf8').replace(/^(?=\| the process tree)/m, () => row!.text)
  writeFileSync(topics, table)

  const tests = [
    ...noticing(),
    'test/architecture.test.ts',
    'test/plain-words.test.ts',
    'test/demos/parent.test.ts',
  ]
  const tools = [
    ['npm', 'run', 'lint'],
    ['npm', 'run', 'types'],
    ['npm', 'run', 'docs'],
    ['npm', 'run', 'pictures', '--', 'parent'],
    // The tests build first.
    ['npm', 'test', '--', ...tests],
    ['node', 'bin/osdemo.js', 'parent', '--greeting', 'Hi'],
  ]
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'))
  for (const [tool, ...words] of tools) {
    const { status, stdout, stderr } = spawnSync(tool!, words, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...Object.fromEntries(env), XDG_RUNTIME_DIR: folder },
    })
    const said = status === 0 ? '' : stdout + stderr
    expect({ words, status, said }).toEqual({ words, status: 0, said: '' })
  }
  for (const document of ['README.md', 'docs/reference/command-line.md']) {
    expect(readFileSync(join(folder, document), 'utf8')).toContain('osdemo parent')
  }
}, 240_000)

/**
 * Does what a block of CONTRIBUTING.md says: creates a file by the name in its first line, or adds an entry to the
 * list of commands.
 *
 * @returns the file
 */
function addTo(folder: string, block: string): string {
  const [, where, path = '', text = ''] = /^\/\/ (in )?(\S+)\n([\s\S]*)$/.exec(block)!
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  const before = where ? readFileSync(file, 'utf8') : ''
  writeFileSync(file, where ? before.replace(/^(?= *'short-reads': \{)/m, () => text) : text, {
    flag: where ? 'w' : 'wx',
  })
  return path
}
