/** The rules of plain words that a program can check. CONTRIBUTING.md has all of them: "How osdemo writes". */
import { turns } from './banned.js'
import { hole, type Kind, type Text } from './texts.js'
import type { Words } from './words.js'

export type Rule = 'sentence' | 'turn' | 'length' | 'word' | 'columns'

export interface Violation {
  file: string
  line: number
  rule: Rule
  /** What is wrong, and what to do. */
  about: string
  text: string
}

/** A violation as a line: `FILE:LINE: RULE: what is wrong`, and the text below. */
export function written({ file, line, rule, about, text }: Violation): string {
  return `${file}:${line}: ${rule}: ${about}\n    ${text.replaceAll('\n', ' ')}`
}

/** The most words of a sentence that is printed. */
const mostWords = 20

/** What osdemo prints, except descriptions on help pages, which are summaries with a capital and a full stop. */
const printedKinds: readonly Kind[] = [
  'claim',
  'note',
  'error',
  'hint',
  'summary',
  'option',
  'example',
  'label',
]

/** What is printed as full sentences. */
const sentenceKinds: readonly Kind[] = ['claim', 'note', 'hint']

export function check(text: Text, words: Words): Violation[] {
  const found = (rule: Rule, about: string): Violation => ({
    file: text.file,
    line: text.line,
    rule,
    about,
    text: text.text,
  })
  const prose = withoutCode(text.text)
  const isPrinted = printedKinds.includes(text.kind)
  const banned = turns
    .filter(({ kinds, pattern }) => (!kinds || kinds.includes(text.kind)) && pattern.test(prose))
    .map(({ pattern, write }) => found('turn', `"${pattern.exec(prose)?.[0]}": write ${write}`))
  return [
    ...(sentenceKinds.includes(text.kind) ? notSentence(text).map((about) => found('sentence', about)) : []),
    ...banned,
    ...(isPrinted ? tooLong(text.text).map((about) => found('length', about)) : []),
    ...(isPrinted || text.kind === 'help'
      ? unknownWords(text.text, words).map((word) =>
          found('word', `"${word}": define it in the glossary, or use a plain word`),
        )
      : []),
  ]
}

/** What keeps a text from being full sentences. */
function notSentence({ kind, text }: Pick<Text, 'kind' | 'text'>): string[] {
  const first = /^\S*/.exec(text)?.[0].replace(/[,:]$/, '') ?? ''
  const begins = /^(?:[A-Z…`'"]|osdemo\b)/.test(text) || isCodeWord(first)
  const ends = /[.?!…`]['")]?$/.test(text) || command[kind]?.test(text)
  return [
    ...(begins ? [] : ['a sentence begins with a capital']),
    ...(ends ? [] : ['a sentence ends with a full stop, or with the command to type']),
  ]
}

/** Behind a colon, a command to type may end a text. */
const command: Partial<Record<Kind, RegExp>> = { note: /: (?:osdemo|kill|rm|…)(?: |$)/, hint: /: \S|--help$/ }

function tooLong(text: string): string[] {
  return sentences(text).flatMap((sentence) => {
    const count = wordCount(sentence)
    return count > mostWords ? [`${count} words in a sentence, ${mostWords} at most`] : []
  })
}

/** Splits at the end of a sentence. A command between backticks is one word. */
export function sentences(text: string): string[] {
  return text.replaceAll(/`[^`]*`/g, 'CODE').split(/(?<=[.!?]['")]?)\s+(?=[A-Z…`'"(/])|\n+/)
}

function wordCount(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}…]/u.test(word)).length
}

/** Blanks what is between backticks, so that no rule of words reads a command. */
function withoutCode(text: string): string {
  return text.replaceAll(/`[^`]*`/g, '`code`').replaceAll(/\bhttps?:\S+/g, 'code')
}

/** A name that the reader can look up or type: it has a form that no word has. */
function isCodeWord(word: string): boolean {
  return /[\d_/@=<>$*\\()[\]{}|&~^+%…]|^-|^\.|\.\w|[a-z][A-Z]|^[^a-z]+$|^[b-z]$|^Ctrl-[A-Z]$|::?\w/.test(word)
}

export function unknownWords(text: string, words: Words): string[] {
  const pieces = withoutCode(text)
    .replaceAll(/`code`/g, hole)
    .split(/[\s—–]+/)
  return pieces.flatMap((piece) => {
    const bare = piece.replaceAll(/^["'([{]+|[\])}"'.,:;!?]+$/g, '')
    if (bare === '' || isCodeWord(bare)) return []
    return bare.split('-').filter((part) => part !== '' && !words.has(part))
  })
}
