/** Every text in the code that a person may read: printed words, and comments. They are found without running the code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import {
  type CallExpression,
  type NewExpression,
  type Node,
  type ObjectLiteralExpression,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast'
import {
  isBinaryExpression,
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isNoSubstitutionTemplateLiteral,
  isObjectLiteralExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isStringLiteral,
  isTemplateExpression,
} from 'typescript/unstable/ast/is'
import { API } from 'typescript/unstable/sync'

/** What a text is for. `label` is what nothing else fits: a part of a sentence, a cell of a table, a gloss. */
export type Kind =
  | 'claim'
  | 'note'
  | 'error'
  | 'hint'
  | 'summary'
  | 'option'
  | 'example'
  | 'label'
  | 'comment'
  | 'help'
  | 'document'

export interface Text {
  file: string
  line: number
  kind: Kind
  /** Each expression of a template is one `hole`. */
  text: string
}

/** Stands for what is known only when the program runs. */
export const hole = '…'

/** The texts of all TypeScript files of a project below these folders. */
export function textsInCode(root: string, folders: readonly string[]): Text[] {
  const api = new API({ cwd: root })
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] })
    const { program, rootFiles } = snapshot.getProjects()[0]!
    return rootFiles.flatMap((path) => {
      const file = relative(root, path)
      if (!folders.some((folder) => file.startsWith(`${folder}/`))) return []
      const source = program.getSourceFile(path)
      return source ? [...printedTexts(file, source), ...comments(file, source)] : []
    })
  } finally {
    api.close()
  }
}

function printedTexts(file: string, source: SourceFile): Text[] {
  const found: Text[] = []
  const lineAt = lineFinder(source.text)
  function visit(node: Node): void {
    if (isPassage(node)) {
      const kind = kindOf(node)
      const text = kind === undefined ? '' : textOf(node)
      const begin = node.getStart(source)
      if (kind === 'example')
        found.push(...explanation(text).map((part) => ({ file, line: lineAt(begin), kind, text: part })))
      else if (kind !== undefined && isProse(text, kind))
        found.push({ file, line: lineAt(begin), kind, text })
      // A text within the expression of a template is a text of its own.
      if (isTemplateExpression(node)) for (const span of node.templateSpans) visit(span.expression)
      else if (isBinaryExpression(node)) eachExpression(node, visit)
      return
    }
    if (!isCode(node)) node.forEachChild(visit)
  }
  source.forEachChild(visit)
  return found
}

/** A literal, or several that are joined with `+`. */
function isPassage(node: Node): boolean {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node) || isTemplateExpression(node))
    return true
  return (
    isBinaryExpression(node) &&
    node.operatorToken.kind === SyntaxKind.PlusToken &&
    (isPassage(node.left) || isPassage(node.right))
  )
}

function textOf(node: Node): string {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return node.text
  if (isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => hole + span.literal.text).join('')
  }
  return isBinaryExpression(node) && isPassage(node) ? textOf(node.left) + textOf(node.right) : hole
}

/** Visits the expressions in templates that are joined with `+`. */
function eachExpression(node: Node, visit: (node: Node) => void): void {
  if (isBinaryExpression(node)) for (const side of [node.left, node.right]) eachExpression(side, visit)
  else if (isTemplateExpression(node)) for (const span of node.templateSpans) visit(span.expression)
  else if (!isPassage(node)) visit(node)
}

/** Nodes in which no text is printed: names of modules, and types. */
function isCode({ kind }: Node): boolean {
  return (
    kind === SyntaxKind.ImportDeclaration ||
    kind === SyntaxKind.ExportDeclaration ||
    kind === SyntaxKind.InterfaceDeclaration ||
    kind === SyntaxKind.TypeAliasDeclaration ||
    kind === SyntaxKind.LiteralType
  )
}

const errors =
  /^(?:UsageError|Unavailable|DemoFailed|OsdemoError|SystemCallError|InvalidArgumentError|TimedOut)$/
/** Calls whose texts are patterns, code or names. */
const notPrinted =
  /^(?:native|open|set|test|match|startsWith|endsWith|includes|indexOf|split|replaceAll?|join|execFile|spawn|getOptionValue|hook|RegExp|require|on|once)$/

/** What a text is for, by the call or property in which it stands; undefined where it is not printed. */
function kindOf(passage: Node): Kind | undefined {
  let node = passage
  for (let parent = node.parent; parent; node = parent, parent = node.parent) {
    if (isPropertyAssignment(parent)) {
      if (parent.name === node) return undefined
      const name = parent.name.getText()
      if (name === 'summary' || name === 'hint') return name
      if (name === 'examples') return 'example'
      // Terms and answers are full sentences, as notes are.
      if (name === 'meaning' || name === 'choices') return 'note'
      if (name === 'killLines' || name === 'class') return undefined
      if (name === 'text' && isObjectLiteralExpression(parent.parent))
        return kindOfRecord(parent.parent) ?? 'label'
      if (name === 'message') return 'error'
      return isUnderExamples(parent) ? 'example' : 'label'
    }
    if (isCallExpression(parent) || isNewExpression(parent)) return kindOfArgument(parent, node)
    if (isBinaryExpression(parent) && isComparison(parent.operatorToken.kind)) return undefined
    if (parent.kind === SyntaxKind.CaseClause || parent.kind === SyntaxKind.ElementAccessExpression)
      return undefined
    if (parent.kind === SyntaxKind.TemplateSpan) return 'label'
    if (parent.kind === SyntaxKind.Block || parent.kind === SyntaxKind.SourceFile) return 'label'
  }
  return 'label'
}

function isUnderExamples(node: Node): boolean {
  for (let parent = node.parent; parent; parent = parent.parent) {
    if (isPropertyAssignment(parent) && parent.name.getText() === 'examples') return true
  }
  return false
}

/** What the text of an object is for. The text of a question is a full sentence, as a note is. */
function kindOfRecord(object: ObjectLiteralExpression): Kind | undefined {
  for (const property of object.properties) {
    if (!isPropertyAssignment(property)) continue
    if (property.name.getText() === 'choices') return 'note'
    if (property.name.getText() !== 'event') continue
    const name = textOf(property.initializer)
    if (name === 'note' || name === 'claim' || name === 'error') return name
  }
  return undefined
}

function kindOfArgument(call: CallExpression | NewExpression, argument: Node): Kind | undefined {
  const { expression } = call
  const name = isPropertyAccessExpression(expression)
    ? expression.name.text
    : isIdentifier(expression)
      ? expression.text
      : ''
  const places: readonly Node[] = call.arguments ?? []
  const place = places.indexOf(argument)
  if (notPrinted.test(name)) return undefined
  if (name === 'note') return place === 0 ? 'note' : undefined
  if (name === 'claim') return place === 1 ? 'claim' : place === 0 ? undefined : 'label'
  if (name === 'option' || name === 'Option' || name === 'argument') return place === 1 ? 'option' : undefined
  if (name === 'systemCallError' || name === 'asOsdemoError') return place === 1 ? 'error' : 'hint'
  // The last argument names CSS classes.
  if (name === 'textAt' && place >= 3) return undefined
  if (name === 'SystemCallError' && place > 0) return undefined
  if (errors.test(name)) return place === 0 ? 'error' : 'hint'
  return 'label'
}

function isComparison(kind: SyntaxKind): boolean {
  return (
    kind === SyntaxKind.EqualsEqualsEqualsToken ||
    kind === SyntaxKind.ExclamationEqualsEqualsToken ||
    kind === SyntaxKind.InKeyword
  )
}

/** What stands behind the `#` of an example. */
function explanation(example: string): string[] {
  const comment = /(?:^|\s)# (.*)$/.exec(example)?.[1]
  return comment === undefined ? [] : [comment]
}

const sentenceKinds: readonly Kind[] = ['claim', 'note', 'error', 'hint', 'summary', 'option']
const prototype = /^(?:const )?(?:int|void|long|unsigned|char|size_t|ssize_t)\b.*\(/
const markup = /default-src|<\/?[a-z]+[^>]*>|\w="|[{}]|=>|;\s*\w+:|[a-z]\.[a-z]+\(|^\s*#!?\w+\b.*\{/

/** Whether a text is words for people: code, ids and names have no two words in a row. */
function isProse(text: string, kind: Kind): boolean {
  if (prototype.test(text) || markup.test(text)) return false
  // A program in another language, such as a script of a shell.
  if (kind === 'label' && text.includes('\n')) return false
  return sentenceKinds.includes(kind)
    ? /[a-z]/.test(text)
    : /(?:[a-z]{2}|…)[,.:;)]? (?:[a-z]{2}|…)/i.test(text) && /[a-z]{2}/.test(text)
}

function comments(file: string, source: SourceFile): Text[] {
  const lineAt = lineFinder(source.text)
  const code = withoutLiterals(source)
  const found = [
    ...code.matchAll(/\/\*[\s\S]*?\*\/|(?<![^\n])[ \t]*\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)*|\/\/[^\n]*/g),
  ]
  return found.map((comment) => ({
    file,
    line: lineAt(comment.index + comment[0].length - comment[0].trimStart().length),
    kind: 'comment' as const,
    text: comment[0]
      .replaceAll(/^\s*(?:\/\*\*?|\*\/|\*|\/\/) ?|\s*\*\/$/gm, '')
      .replaceAll(/\n(?=@)/g, '\n\n')
      .trim(),
  }))
}

/** The text of a file with a blank for each character of a literal. */
function withoutLiterals(source: SourceFile): string {
  let text = source.text
  function visit(node: Node): void {
    if (node.kind === SyntaxKind.RegularExpressionLiteral || isStringLiteral(node) || isTemplatePart(node)) {
      const [begin, end] = [node.getStart(source), node.getEnd()]
      text = text.slice(0, begin) + text.slice(begin, end).replaceAll(/[^\n]/g, ' ') + text.slice(end)
    }
    node.forEachChild(visit)
  }
  visit(source)
  return text
}

function isTemplatePart({ kind }: Node): boolean {
  return (
    kind === SyntaxKind.NoSubstitutionTemplateLiteral ||
    kind === SyntaxKind.TemplateHead ||
    kind === SyntaxKind.TemplateMiddle ||
    kind === SyntaxKind.TemplateTail
  )
}

function lineFinder(text: string): (at: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index)
  return (at) => ends.filter((end) => end < at).length + 1
}

/** Every line of the programs in other languages, in these folders: it may be a comment, or print something. */
export function linesOfOthers(root: string, folders: readonly string[]): Text[] {
  const files = folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  return files
    .filter((file) => /\.(?:c|go|py|sh|m?js)$/.test(file))
    .flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .map((text, index) => ({ file, line: index + 1, kind: 'comment', text }) as const),
    )
}

/** The paragraphs, items and cells of the documents, without code. */
export function textsInDocuments(root: string): Text[] {
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((name) => /^(?:docs\/|[^/]+$)/.test(name))
  return names.flatMap((file) => paragraphs(file, readFileSync(join(root, file), 'utf8')))
}

/** A paragraph is a text; so is each item of a list, and each row of a table. */
export function paragraphs(file: string, markdown: string): Text[] {
  const lines = markdown
    .replaceAll(/^(`{3,})[^\n]*\n[\s\S]*?^\1$/gm, (block) => block.replaceAll(/[^\n]/g, ''))
    .replaceAll(/<!--[\s\S]*?-->/g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .split('\n')
  const found: Text[] = []
  let continues = false
  for (const [index, line] of lines.entries()) {
    const begins = /^\s*(?:[-*|#>]|\d+\.)/.test(line)
    const last = found.at(-1)
    if (line.trim() === '' || /^\s*\|[-|: ]+$/.test(line)) continues = false
    else if (continues && !begins && last) last.text += ` ${line.trim()}`
    else {
      const text = line.replace(/^\s*(?:[-*>]|#+|\d+\.)\s+/, '').trim()
      found.push({ file, line: index + 1, kind: 'document', text })
      continues = !line.startsWith('|') && !line.startsWith('#')
    }
  }
  return found
}
