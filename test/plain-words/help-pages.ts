/** The help pages, as they are printed on a terminal of 80 columns. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import stringWidth from 'string-width'
import type { Violation } from './rules.js'
import type { Text } from './texts.js'

const columns = 80

export interface HelpPage {
  /** `osdemo pipe read --help` */
  command: string
  text: string
}

/** @param root a checkout, whose program makes the pages */
export async function helpPages(root: string): Promise<HelpPage[]> {
  const load = (path: string) => import(pathToFileURL(join(root, path)).href)
  const { createProgram }: typeof import('../../src/commands/lib/program.js') = await load(
    'src/commands/lib/program.ts',
  )
  const { commands, topics, isGroup }: typeof import('../../src/commands/index.js') =
    await load('src/commands/index.ts')
  const groups = Object.entries(topics).flatMap(([name, topic]) => (isGroup(topic) ? [name] : []))
  const pages: HelpPage[] = []
  for (const path of ['', ...groups, ...commands.keys()]) {
    // Each page needs a program of its own: preparing one command changes the page of its group.
    const command = await createProgram().prepare(path)
    let text = ''
    const writeOut = (part: string) => {
      text += part
    }
    command.configureOutput({ writeOut, getOutHelpWidth: () => columns })
    command.outputHelp()
    pages.push({ command: ['osdemo', path, '--help'].filter((word) => word !== '').join(' '), text })
  }
  return pages
}

/** The lines of a page that do not fit. */
export function wideLines({ command, text }: HelpPage): Violation[] {
  return text.split('\n').flatMap((line, index) => {
    if (stringWidth(line) <= columns) return []
    return [
      { file: command, line: index + 1, rule: 'columns', about: `wider than ${columns} columns`, text: line },
    ]
  })
}

/** The description on a page. Its options and examples are read in the code. */
export function textOfPage({ command, text }: HelpPage): Text {
  const [, description = ''] = text.split('\n\n')
  return { file: command, line: 3, kind: 'help', text: description }
}
