/** The text of an event, which all views share. Each view applies its own style. */

import { type Event, type Fact, isEndOfFile, type RunFact } from '../events.js'
import { quoted } from '../shell-quote.js'
import { counted, duration } from '../text.js'

export type Paint = (text: string) => string

/** How the parts of a sentence are marked. */
export interface Style {
  strong: Paint
  dim: Paint
  bad: Paint
  /** What the kernel reports. */
  value: Paint
}

const asItIs: Paint = (text) => text

export const plain: Style = { strong: asItIs, dim: asItIs, bad: asItIs, value: asItIs }

/** Shorter waits, in microseconds, are not mentioned: scheduling alone may cause them. */
const notable = 5000

/**
 * One event as a sentence, without the name of its process.
 *
 * @param held at the end of a call: how long it blocked, in microseconds, when its beginning is recorded
 */
export function describe(event: Event, style = plain, held?: number): string {
  switch (event.event) {
    case 'run':
      return `starts ${style.strong(title(event.command))}`
    case 'started':
      return `${event.kind} started`
    case 'exited':
      return event.signal ? `killed by ${event.signal}` : `exited with code ${event.code}`
    case 'signal': {
      if (event.from === undefined) return `receives ${style.strong(event.signal)}`
      const group = event.group ? ' and its process group' : ''
      return `sends ${style.strong(event.signal)} to ${event.name} (pid ${event.to})${group}`
    }
    case 'created':
      return `${event.port === undefined ? `created the ${kindName(event.kind)}` : 'listens on'} ${event.id}`
    case 'removed':
      return `removed the ${kindName(event.kind)} ${event.id}`
    case 'call': {
      const call = style.strong(event.call)
      if (event.phase === 'begin') return `${call} ${event.object}`
      const ended = isEndOfFile(event) ? ', end of file' : ''
      const outcome = event.errno
        ? ` ${style.bad(event.errno)}`
        : `${` ${event.result ?? ''}`.trimEnd()}${ended}`
      const after = held !== undefined && held >= notable ? ` after ${duration(held)}` : ''
      return `${call}${held === undefined ? ` ${event.object}` : ''} returned${outcome}${after}`
    }
    case 'sent':
    case 'received': {
      const priority = event.priority ? `, priority ${event.priority}` : ''
      const more = event.including ? `, ${event.including} included` : ''
      const type = event.type === undefined ? '' : `, type ${event.type}`
      const size = style.dim(`(${counted(event.bytes, 'byte')}${more}${priority}${type})`)
      return `${event.text ? `${event.text} ` : ''}${size}`
    }
    case 'tally': {
      const messages = event.messages > 0 ? `${counted(event.messages, 'message')}, ` : ''
      return `${messages}${counted(event.bytes, 'byte')} in ${duration(event.t - event.since)}`
    }
    case 'state':
      return `${event.child} is ${event.state} (${event.kernel && `${event.kernel}, `}${event.source})`
    case 'evidence':
      return `${style.dim(`${event.source}:`)} ${style.value(event.value)}${event.about && style.dim(` (${event.about})`)}`
    case 'finding':
      return `${style.bad(event.id)}${event.certain ? '' : ' (likely)'}: ${event.text}`
    case 'claim':
    case 'note':
      return event.text
    case 'verdict':
      return `${event.title}: ${event.outcome}`
    case 'error':
      return `${event.message}${event.hint ? ` (${event.hint})` : ''}, exit code ${event.exit}`
  }
}

/** A fact as a sentence, when only the fact is known. */
export function sentence(fact: Fact, held?: number): string {
  return describe({ v: 1, t: 0, pid: 0, tid: 0, actor: '', ...fact }, plain, held)
}

/** The command of a run, as it was typed. */
export function title(command: readonly string[]): string {
  return ['osdemo', ...command.map(quoted)].join(' ')
}

/** Options about the output of a run, not about the run itself. Those from index `takesWord` on have an argument. */
const showing = [
  '--json',
  '--quiet',
  '--brief',
  '--verbose',
  '--color',
  '--no-color',
  '--view',
  '--save',
  '--log-level',
]
const takesWord = 6

/** The command of a run without the options about its output: the title of a picture. */
export function subject(command: readonly string[]): string {
  const words: string[] = []
  for (let at = 0; at < command.length; at++) {
    const word = command[at]! // at < command.length
    if (word === '--') return title([...words, ...command.slice(at)])
    const [name = ''] = word.split('=')
    const option = showing.indexOf(name)
    if (option < 0) words.push(word)
    else if (option >= takesWord && !word.includes('=')) at++
  }
  return title(words)
}

/** The versions with which a run was made. */
export function versions({ version, node, kernel }: RunFact): string {
  return `osdemo ${version}, Node ${node}, ${kernel}`
}

function kindName(kind: string): string {
  return { fifo: 'FIFO', object: 'shared memory' }[kind] ?? kind
}
