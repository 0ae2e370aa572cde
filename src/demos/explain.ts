/** Explains the mistakes that `osdemo trace` finds, from their pages in docs/mistakes. */
import { readFileSync } from 'node:fs'
import type { NoteFact } from '../events.js'
import { findingIds } from '../findings/index.js'
import { mistakePage } from '../run/package.js'
import type { Demo } from '../run/stage.js'

/** Their ids. */
export const mistakes: readonly string[] = findingIds

type Block = Pick<NoteFact, 'role' | 'text' | 'lines'>

/** Each mistake with its definition. */
export const listMistakes: Demo = async ({ say, note }) => {
  for (const id of mistakes) {
    const [heading, definition] = blocksOf(id)
    if (heading) say({ event: 'note', ...heading })
    if (definition) say({ event: 'note', ...definition })
  }
  note(
    'Read more about one of them: `osdemo explain ID`. See it in a program of your own: `osdemo trace`.',
    'next',
  )
}

/** @param id of a finding */
export function explain(id: string): Demo {
  return async ({ say, note }) => {
    for (const block of blocksOf(id)) say({ event: 'note', ...block })
    note(
      'See it: save the first program as wrong.c. Then: `cc -pthread -o wrong wrong.c && osdemo trace --timeout 5s -- ./wrong`',
      'next',
    )
  }
}

/** The blocks of a page: headings, paragraphs, and programs. */
function blocksOf(id: string): Block[] {
  const parts = readFileSync(mistakePage(id), 'utf8').split(/^```\w*$/m)
  return parts.flatMap((part, at) =>
    at % 2 === 1 ? [programOf(part)] : part.split(/\n\n+/).filter(isText).map(blockOf),
  )
}

const isText = (text: string) => text.trim() !== ''

function blockOf(text: string): Block {
  const [, heading] = /^#+ (.*)$/.exec(text.trim()) ?? []
  if (heading !== undefined) return { role: 'opening', text: heading }
  return { role: 'step', text: text.trim().replaceAll('\n', ' ') }
}

function programOf(text: string): Block {
  const lines = text.trim().split('\n')
  return { role: 'step', text: `A program of ${lines.length} lines.`, lines }
}
