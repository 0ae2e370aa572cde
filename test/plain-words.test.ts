/** Plain words: what a program can check of everything that osdemo prints, and of its documents and comments. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { covers, exceptions, isAllowed } from './plain-words/exceptions.js'
import { findings, knownWords } from './plain-words/findings.js'
import { helpPages, wideLines } from './plain-words/help-pages.js'
import { oldSentences, plainSentences } from './plain-words/old-sentences.js'
import { check, type Rule, written } from './plain-words/rules.js'
import { type Kind, linesOfOthers, paragraphs, textsInCode } from './plain-words/texts.js'

const root = process.cwd()
const words = await knownWords(root)
const found = await findings(root)

test('printed texts, comments and documents are in plain words', () => {
  const wrong = found.filter((one) => !isAllowed(one))
  expect(wrong.map(written).join('\n')).toBe('')
})

test('every exception has a reason, and is needed', () => {
  expect(exceptions.filter(({ reason }) => reason.split(' ').length < 4)).toEqual([])
  expect(exceptions.filter((exception) => !found.some((one) => covers(exception, one)))).toEqual([])
})

/** The rules that a text breaks. */
function broken(kind: Kind, text: string): Rule[] {
  return check({ file: 'src/planted.ts', line: 1, kind, text }, words).map(({ rule }) => rule)
}

test.each(oldSentences)('an old sentence is found, as %s: %s', (kind, text) => {
  expect(broken(kind, text)).not.toEqual([])
})

test.each(plainSentences)('the same in plain words is accepted, as %s: %s', (kind, text) => {
  expect(broken(kind, text)).toEqual([])
})

test.each<[rule: Rule, kind: Kind, text: string]>([
  ['sentence', 'claim', 'the reader is blocked.'],
  ['sentence', 'note', 'The reader is blocked'],
  ['sentence', 'hint', 'use another path.'],
  ['length', 'claim', `The reader ${'and the writer '.repeat(6)}wait.`],
  ['word', 'option', 'how the reader perambulates'],
  ['turn', 'claim', 'The reader blocks until somebody writes.'],
])('the rule "%s" finds a %s: %s', (rule, kind, text) => {
  expect(broken(kind, text)).toEqual([rule])
})

test('a word is known in every form', () => {
  expect(broken('label', 'the reader stopped and is stopping, its copies were copied')).toEqual([])
})

test('a help page that is wider than 80 columns is found', () => {
  const page = { command: 'osdemo planted --help', text: `short\n${'x'.repeat(81)}\n` }
  expect(wideLines(page)).toMatchObject([{ line: 2 }])
})

test('texts of every kind are found, and every help page', async () => {
  const texts = textsInCode(root, ['src'])
  const kinds = ['claim', 'comment', 'error', 'example', 'hint', 'label', 'note', 'option', 'summary']
  expect([...new Set(texts.map(({ kind }) => kind))].sort()).toEqual(kinds)
  expect(texts.length).toBeGreaterThan(2000)
  expect(linesOfOthers(root, ['examples']).length).toBeGreaterThan(300)
  expect((await helpPages(root)).length).toBeGreaterThan(30)
})

test('a document is read by paragraph, without its code', () => {
  const text = '# A head\n\nOne\nparagraph.\n\n```sh\nosdemo tour\n```\n\n- an item\n- another,\n  longer\n'
  const read = paragraphs('docs/planted.md', text).map(({ line, text }) => `${line} ${text}`)
  expect(read).toEqual(['1 A head', '3 One paragraph.', '10 an item', '11 another, longer'])
})

test.each(['vocabulary', 'names'])('the list of %s is sorted, and has each word once', (name) => {
  const text = readFileSync(`test/plain-words/${name}.txt`, 'utf8')
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(lines).toEqual([...new Set(lines)].sort())
})
