/** The documents: the parts made from the code are up to date, and the rest agrees with the code. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CommanderError } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { claimIds } from '../scripts/claims.js'
import { blocks, replaceBlock, updated } from '../scripts/docs.js'
import { codeWidth } from '../scripts/man/roff.js'
import { commands, topics } from '../src/commands/index.js'
import { createProgram } from '../src/commands/lib/program.js'
import { glossary } from '../src/terms.js'
import { calls, codeBlocks, documents } from './support/documents.js'
import { statements } from './support/lecture.js'
import { invalidEvents } from './support/osdemo.js'

test.each(blocks)('the block $name of $file is up to date with the code', async (block) => {
  const isUpToDate = (await updated(block)) === readFileSync(block.file, 'utf8')
  expect(isUpToDate, `${block.file} is out of date: npm run docs`).toBe(true)
})

test('the list of claims names every command that makes a claim', () => {
  const ids = claimIds()
  // One is made in a file that two commands share, the others in a file of one command.
  expect(ids.get('shm/plain-add-loses-updates')).toEqual(['shm threads', 'shm race'])
  expect(ids.get('pipe/end-of-file-after-last-writer')).toEqual(['pipe demo', 'pipe half-duplex'])
  expect(ids.get('queue/rendezvous-needs-a-side-that-waits')).toEqual(['queue demo', 'queue matrix'])
  for (const id of ids.keys())
    expect(id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*\/[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
})

test('docs/lecture.md has a row for each statement, with claims that its command makes', () => {
  const rows = statements()
  const table = readFileSync('docs/lecture.md', 'utf8')
    .split(/^## The programs/m)[0]!
    .match(/^\| (?!statement).*$/gm)!
  expect(rows.length).toBe(table.length)
  expect(rows.length).toBeGreaterThan(60)
  const ids = claimIds()
  const wrong = rows.flatMap(({ text, command, claims }) => {
    const path = command.filter((word) => /^[a-z]/.test(word)).join(' ')
    const bad = claims
      .flat()
      .filter((id) => !ids.get(id)?.some((one) => path === one || path.startsWith(`${one} `)))
    return claims.some((one) => one.length === 0) || bad.length > 0 ? [{ text, bad }] : []
  })
  expect(wrong).toEqual([])
})

test('the reference describes each command', () => {
  const reference = readFileSync('docs/reference/command-line.md', 'utf8')
  const headings = new Set(reference.match(/^### .*$/gm))
  expect([...commands.keys()].filter((path) => !headings.has(`### osdemo ${path}`))).toEqual([])
})

test('a block is replaced as a whole, and nothing else', () => {
  const text =
    'a\n<!-- begin one: made by x -->\n\nold\n\n<!-- end one -->\nz\n<!-- begin two -->\n\nb\n\n<!-- end two -->\n'
  expect(replaceBlock(text, 'one', 'cost: $1 $&')).toBe(text.replace('old', () => 'cost: $1 $&'))
})

test('the glossary has at most 60 terms, each word once, in short sentences', () => {
  const terms = Object.values(glossary).flat()
  expect(terms.length).toBeLessThanOrEqual(60)
  const names = terms.flatMap(({ names }) => names)
  expect(names).toEqual([...new Set(names)])
  for (const { names, meaning } of terms) {
    const sentences = meaning.split(/(?<=\.) (?=[A-Z])/)
    expect(sentences.length, names[0]).toBeLessThanOrEqual(2)
    for (const sentence of sentences) {
      expect(sentence).toMatch(/^[A-Z].*\.$/)
      expect(sentence.split(' ').length, sentence).toBeLessThanOrEqual(20)
    }
  }
})

test('README.md has at most 150 lines', () => {
  expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThanOrEqual(151)
})

test('a file without the comments of a block is refused', () => {
  expect(() => replaceBlock('a\n', 'one', 'new')).toThrow('no block of the name one')
})

test('the code of the reference fits the man pages, where it is indented', () => {
  const lines = codeBlocks('docs/reference/command-line.md').flatMap(({ text }) => text.split('\n'))
  expect(lines.filter((line) => line.length > codeWidth)).toEqual([])
})

test('every relative link in the documents leads to a file', () => {
  const links = documents.flatMap((document) => {
    const found = readFileSync(document, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)
    return [...found].map(([, target]) => join(dirname(document), target!))
  })
  expect(links.length).toBeGreaterThan(20)
  expect(links.filter((target) => !existsSync(target))).toEqual([])
})

/** Calls of commands that do not exist, and why the documents contain them. */
const deliberate = ['pipe raed', /* the example of CONTRIBUTING.md */ 'parent', 'parent --json']

async function unknownCalls(text: string): Promise<string[]> {
  const found = await Promise.all(calls(text).map(async (call) => ((await isKnown(call)) ? [] : [call])))
  return found.flat()
}

/** Whether commander finds the command. Other errors do not matter: the documents write PID instead of a number. */
async function isKnown(call: string): Promise<boolean> {
  const words = call.split(/\s+/).filter((word) => !['help', '--help', '--version', '-V'].includes(word))
  if (deliberate.includes(call) || words.length === 0) return true
  if (/^help terms\b/.test(call)) return true
  // Commander would print the help of a group without a subcommand.
  if (words.length === 1 && Object.hasOwn(topics, words[0]!)) return true
  try {
    await createProgram().command.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.code !== 'commander.unknownCommand'
  }
  return true
}

test('every command in the documents exists', async () => {
  const texts = documents.map((document) => readFileSync(document, 'utf8'))
  expect(texts.flatMap(calls).length).toBeGreaterThan(40)
  expect((await Promise.all(texts.map(unknownCalls))).flat()).toEqual([])
})

test.each([
  '```sh\nnpx osdemo pipe reed\n```\n',
  '```console\n$ cat x | osdemo nope\n```\n',
  'and `osdemo shm red --follow`',
])('the check of commands finds a wrong one in %j', async (text) => {
  expect(await unknownCalls(text)).toHaveLength(1)
})

/** The part of a document under a heading, to the next one of this level or above. */
function section(text: string, heading: string): string | undefined {
  return new RegExp(`^### ${heading}\n(.*?)(?=^##|$(?![^]))`, 'ms').exec(text)?.[1]
}

test('docs/reference/command-line.md has every option, and no other, for each command that it describes', async () => {
  const text = readFileSync('docs/reference/command-line.md', 'utf8')
  const program = createProgram()
  const common = program.command.options.map(({ long }) => long!)
  expect(optionsIn(section(text, 'Options')!)).toEqual(new Set(common))
  const described = [...commands.keys()].flatMap((path) => {
    const about = section(text, `osdemo ${path}`)
    return about === undefined ? [] : [{ path, options: optionsIn(about.replaceAll(/^```.*?^```$/gms, '')) }]
  })
  expect(described.length).toBeGreaterThan(30)
  for (const { path, options } of described) {
    const own = (await program.prepare(path)).options.map(({ long }) => long!)
    const missing = own.filter((option) => !common.includes(option) && !options.has(option))
    const wrong = [...options].filter((option) => ![...common, ...own].includes(option))
    expect({ path, missing, wrong }).toEqual({ path, missing: [], wrong: [] })
  }
})

function optionsIn(text: string): Set<string> {
  return new Set(text.match(/(?<=[`[, ])--[a-z-]+/g))
}

test('docs/reference/events.md describes every kind of event, with examples that are valid', () => {
  const lines = codeBlocks('docs/reference/events.md').flatMap(({ text }) => text.trim().split('\n'))
  const stamp = { v: 1, t: 1, pid: 1, tid: 1, actor: 'reader' }
  const events = lines.map((line) => ({ ...stamp, ...JSON.parse(line) }))
  expect(invalidEvents(events)).toEqual([])

  const source = readFileSync('src/events.ts', 'utf8')
  const kinds = [...source.matchAll(/^ {2}event: (.*)$/gm)].flatMap(([, names]) => names!.match(/\w+/g))
  const headings = readFileSync('docs/reference/events.md', 'utf8')
    .match(/^## .*$/gm)!
    .join(' ')
  expect(kinds.length).toBeGreaterThan(10)
  expect(kinds.filter((kind) => !headings.includes(kind!))).toEqual([])
})
