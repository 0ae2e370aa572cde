/** The man pages: what they contain, whether formatters accept them, and whether man(1) finds them where npm installs them. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withManPages } from '../scripts/docs.js'
import { sectionsOf, sourceOf } from '../scripts/man/markdown.js'
import { manPages, pageNames } from '../scripts/man/pages.js'
import { filled, literal } from '../scripts/man/roff.js'
import { commands } from '../src/commands/index.js'
import { createProgram } from '../src/commands/lib/program.js'
import { temporaryFolder } from './support/osdemo.js'

const folder = 'dist/man'
const builtFile = (name: string) => join(folder, `${name}.1.gz`)

const plain = mkdtempSync(join(tmpdir(), 'osdemo-man-'))
afterAll(() => rmSync(plain, { recursive: true, force: true }))
const fileOf = (name: string) => join(plain, `${name}.1`)
beforeAll(() => {
  for (const name of pageNames) writeFileSync(fileOf(name), gunzipSync(readFileSync(builtFile(name))))
})

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** The text of a page on a terminal of 80 columns, without bold and italic. */
function shown(name: string): string {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', GROFF_NO_SGR: '1' }
  const text = execFileSync('groff', ['-man', '-Tutf8', '-rLL=78n', fileOf(name)], { env, encoding: 'utf8' })
  return text.replaceAll(/.[\b]/gu, '')
}

test('the build has written every page, and package.json lists them', async () => {
  expect(readdirSync(folder).sort()).toEqual(pageNames.map((name) => `${name}.1.gz`).sort())
  const manifest = readFileSync('package.json', 'utf8')
  expect(withManPages(manifest), 'package.json is out of date: npm run docs').toBe(manifest)
  for (const [name, source] of await manPages()) expect(readFileSync(fileOf(name), 'utf8')).toBe(source)
})

const checks = [
  { tool: 'groff', words: ['-man', '-ww', '-z', '-Tutf8'] },
  { tool: 'mandoc', words: ['-Tlint'] },
  { tool: 'man', words: ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z'] },
]

test.for(checks)('$tool accepts every page without a warning', ({ tool, words }, { skip }) => {
  skip(!has(tool), `there is no ${tool} here`)
  const { stderr, stdout, status } = spawnSync(tool, [...words, ...pageNames.map(fileOf)], {
    encoding: 'utf8',
  })
  expect({ status, said: tool === 'mandoc' ? stdout : '', stderr }).toEqual({
    status: 0,
    said: '',
    stderr: '',
  })
})

test('a page has the sections of man-pages(7), each command with its options, and fits 80 columns', async ({
  skip,
}) => {
  skip(!has('groff'), 'there is no groff here')
  const pages = new Map(pageNames.map((name) => [name, shown(name)]))
  for (const [name, text] of pages) {
    const titles = text.match(/^[A-Z][A-Z ]+$/gm) ?? []
    const wanted = ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO']
    expect({ name, titles: titles.filter((title) => wanted.includes(title)) }).toEqual({
      name,
      titles: wanted,
    })
    expect({ name, wide: text.split('\n').filter((line) => line.length > 80) }).toEqual({ name, wide: [] })
  }
  const program = createProgram()
  const common = program.command.options.map(({ long }) => long!)
  for (const option of common) expect(pages.get('osdemo')).toMatch(entryOf(option))
  for (const path of commands.keys()) {
    const { options } = await program.prepare(path)
    const [topic = ''] = path.split(' ')
    const page = pages.get(`osdemo-${topic}`)!
    const part = page.includes(`\n   osdemo ${path}\n`)
      ? page.split(`\n   osdemo ${path}\n`)[1]!.split(/\n {3}\S|\n\S/)[0]!
      : page
    for (const { long } of options) if (!common.includes(long!)) expect(part, path).toMatch(entryOf(long!))
  }
  expect(pages.get('osdemo')).toMatch(/^ENVIRONMENT\n.*XDG_RUNTIME_DIR.*^FILES\n.*\/tmp\/osdemo-UID/ms)
})

/** A line of a list that begins with this option. */
const entryOf = (option: string) => new RegExp(`^ {7}(-\\w, )?${option}\\b`, 'm')

test('npm installs the pages beside the command, and man(1) finds them there', ({ skip }) => {
  skip(!has('man'), 'there is no man here')
  const [copy, prefix] = [temporaryFolder(), temporaryFolder()]
  const { dependencies, devDependencies, scripts, ...manifest } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  )
  // Without dependencies and scripts, npm needs no network and runs nothing.
  writeFileSync(join(copy, 'package.json'), JSON.stringify(manifest))
  cpSync('bin', join(copy, 'bin'), { recursive: true })
  mkdirSync(join(copy, 'dist'))
  cpSync(folder, join(copy, folder), { recursive: true })
  execFileSync('npm', ['install', '--global', '--offline', '--no-audit', `--prefix=${prefix}`, copy], {
    stdio: 'pipe',
  })
  const env = { ...process.env, PATH: `${prefix}/bin:${process.env.PATH}`, MANPATH: undefined }
  const found = execFileSync('man', ['-w', ...pageNames], { env, encoding: 'utf8' })
    .trim()
    .split('\n')
  // man(1) prints where the links lead.
  expect(found).toEqual(pageNames.map((name) => realpathSync(`${prefix}/share/man/man1/${name}.1.gz`)))
})

test.each([
  ["it's 1^2 ~ `a`\\n", 'it\\(aqs 1\\(ha2 \\(ti \\(gaa\\(ga\\en'],
  ['--path ö → 😀', '\\-\\-path \\[u00F6] \\[u2192] \\[u1F600]'],
])('%j is printed as it stands', (text, source) => {
  expect(literal(text)).toBe(source)
})

test('no line of a text begins a request', () => {
  const lines = filled(`${'word '.repeat(15)}.ndjson`).split('\n')
  expect(lines.every((line) => line.length < 80 && !line.startsWith('.'))).toBe(true)
  expect(lines.at(-1)).toBe('\\&.ndjson')
})

test('Markdown becomes paragraphs, lists and code; a first call and tables of options are left out', () => {
  const markdown = `# Title
## Chapter
### osdemo x
\`osdemo x [--a
N]\`

Some **strong** \`code\`, and [a link](b.md#c)
([b.md](b.md)).

- one
  item

| option | meaning |
|---|---|
| \`--a N\` | not here |

| file | a | b |
|---|---|---|
| \`x \\| y\` | one | |

\`\`\`sh
## no heading
.x
\`\`\`
`
  const [, section] = sectionsOf(markdown)
  expect(section).toMatchObject({ heading: 'osdemo x', chapter: 'Chapter' })
  expect(sourceOf(section!, 'docs').split('\n')).toEqual([
    '.PP',
    'Some \\fBstrong\\fR \\fBcode\\fR, and a link (docs/b.md).',
    '.IP \\(bu 2',
    'one item',
    '.TP',
    '\\fBx | y\\fR',
    'a: one',
    '.PP',
    '.RS 4',
    '.EX',
    '## no heading',
    '\\&.x',
    '.EE',
    '.RE',
  ])
})
