/** What the timeline shows of each event. */
import type { ChalkInstance } from 'chalk'
import type { CallFact, Event } from '../../events.js'
import { drawDepth } from '../depth.js'
import { describe, type Style } from '../describe-event.js'
import { mark } from '../verdict.js'
import type { Row, Speaker } from './line.js'
import type { createStateChart } from './state-chart.js'

/** One block of a bar, in microseconds of being held, and the most blocks of a bar. */
const barBlock = 50_000
const barBlocks = 16

interface Tools {
  chalk: ChalkInstance
  speaker: Speaker
  /** Takes the states, and tells which of them have a line of their own. */
  chart: ReturnType<typeof createStateChart>
}

export function createRows({ chalk, speaker, chart }: Tools) {
  const style: Style = { strong: chalk.bold, dim: chalk.dim, bad: chalk.red, value: chalk.cyan }
  /** When each call began that has not ended yet, by its caller and its name. */
  const begun = new Map<string, number>()
  /** Names of processes and threads, by pid or thread id. */
  const names = new Map<number, string>()

  /** For how many microseconds a call that ends has held its caller, where its beginning was seen. */
  function takeHeld({ tid, call, t }: Event & CallFact): number | undefined {
    const since = begun.get(`${tid} ${call}`)
    begun.delete(`${tid} ${call}`)
    return since === undefined ? undefined : t - since
  }

  return {
    nameOf: (child: number) => names.get(child) ?? 'process',

    /** Another run begins, which knows nothing of the calls of the one before. */
    reset: () => begun.clear(),

    /** The line of an event; undefined for one that needs none. */
    row(event: Event): Row | undefined {
      const me = speaker(event.actor, event.tid)
      const text = describe(event, style)
      switch (event.event) {
        case 'started':
          names.set(event.child, event.name)
          return { ...speaker(event.name, event.child), sign: '+', text }
        case 'exited':
          chart.ended(event.child, event.t)
          return { ...speaker(event.name, event.child), sign: '-', text }
        case 'run':
        case 'created':
          return { ...me, sign: '+', text }
        case 'removed':
          return { ...me, sign: '-', text }
        case 'call': {
          // The message that it passed on is shown, and says enough of a call that need not wait and was not
          // refused.
          if (event.waits === false && !event.errno) return undefined
          if (event.phase === 'begin') {
            begun.set(`${event.tid} ${event.call}`, event.t)
            return { ...me, sign: chalk.yellow('…'), text }
          }
          const held = takeHeld(event)
          return { ...me, sign: '✓', text: describe(event, style, held) + chalk.yellow(bar(held ?? 0)) }
        }
        case 'sent':
        case 'received': {
          const sign = me.paint(event.event === 'sent' ? '→' : '←')
          const depth = event.depth ? ` ${me.paint(drawDepth(event.depth))}` : ''
          return { ...me, sign, text: text + depth }
        }
        case 'tally':
          return { ...me, sign: me.paint(event.direction === 'sent' ? '⇒' : '⇐'), text }
        case 'state': {
          const { tell, before } = chart.add(event)
          if (!tell) return undefined
          const name = names.get(event.child) ?? (event.child === event.tid ? event.actor : 'process')
          const seen = chalk.dim(`(${event.kernel && `${event.kernel}, `}${event.source})`)
          const shown = `${chalk.bold(event.state)}${before} ${seen}`
          return { ...speaker(name, event.child), sign: '◆', text: shown }
        }
        case 'evidence':
          return { who: 'kernel says', paint: chalk.cyan, sign: chalk.cyan('┊'), text }
        case 'claim': {
          const paint = event.holds ? chalk.green : chalk.red
          const who = event.holds ? 'claim' : 'claim failed'
          return { who, paint: paint.bold, sign: paint(mark(event.holds)), text: paint(text) }
        }
        case 'error':
          return { who: 'ERROR', paint: chalk.red.bold, sign: chalk.red(mark(false)), text: chalk.red(text) }
        case 'note':
          return { ...me, sign: '·', text }
        default:
          return undefined
      }
    },
  }
}

/** How long a call held its caller, where that can be seen. In a recording a call may end before it began. */
function bar(microseconds: number): string {
  const blocks = Math.round(microseconds / barBlock)
  return blocks <= 0 ? '' : ` ${'▇'.repeat(Math.min(blocks, barBlocks))}${blocks > barBlocks ? '…' : ''}`
}
