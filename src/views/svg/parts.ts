/** The parts of pictures: elements with escaped text, and text that fits a width. */
import stringWidth from 'fast-string-width'
import { wrapAnsi } from 'fast-wrap-ansi'

type Attributes = Record<string, string | number | undefined>

/**
 * Escapes any text for XML or HTML, also for an attribute. Characters that XML does not allow are already removed
 * (`escape-control.ts`).
 */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (char) => entities[char] ?? char)
}

/** An element. Its content is markup; its attributes may be any text; the title is shown on hover. */
export function element(name: string, attributes: Attributes, content = '', title?: string): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : ` ${key}="${typeof value === 'number' ? rounded(value) : escapeXml(value)}"`,
  )
  const inner = title === undefined ? content : `${tag('title', title)}${content}`
  return inner === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${inner}</${name}>`
}

function tag(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`
}

/** Text at a place; `kind` names its CSS classes. The text of a slide is never smaller than 14 pixels. */
export function textAt(x: number, y: number, text: string, kind: string, anchor?: 'middle' | 'end'): string {
  return element('text', { x, y, class: kind, 'text-anchor': anchor }, escapeXml(text))
}

function rounded(value: number): string {
  // A recording may contain any number, and ten times a very large one is infinite.
  return String(Number(value.toFixed(1)))
}

/** The average width of a letter in a proportional font, as a part of the font size. */
const letter = 0.6

/** Only this many characters of a text are measured: measuring is slow, and no picture is wider. */
const longest = 1000

/** The approximate width of a text, in pixels. */
export function widthOf(text: string, fontSize: number): number {
  return stringWidth(text.slice(0, longest)) * fontSize * letter
}

/** The text, or as much of its beginning as fits, with an ellipsis; empty when nothing fits. */
export function fitted(text: string, width: number, fontSize: number): string {
  const room = Math.floor(width / (fontSize * letter))
  if (text.length <= longest && stringWidth(text) <= room) return text
  if (room < 4) return ''
  let kept = ''
  let taken = 1
  for (const char of text) {
    taken += stringWidth(char)
    if (taken > room) break
    kept += char
  }
  return `${kept.trimEnd()}…`
}

/** The text in lines of a width, the last one cut where there are too many. */
export function wrapped(text: string, width: number, fontSize: number, most: number): string[] {
  const lines = wrapAnsi(text.slice(0, longest), Math.floor(width / (fontSize * letter)), {
    hard: true,
  }).split('\n')
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), `${lines[most - 1]} …`]
}
