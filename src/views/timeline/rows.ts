/** The line of each event in the timeline. */
import type { ChalkInstance } from 'chalk'
import type { CallFact, Event } from '../../events.js'
import { drawDepth } from '../depth.js'
import { describe, type Style } from '../describe-event.js'
import { mark } from '../verdict.js'
import type { Row, Speaker } from './line.js'
import type { createStateChart } from './state-chart.js'

/** The blocking time that one block of a bar stands for, in microseconds, and the most blocks of a bar. */
const barBlock = 50_000
const barBlocks = 16

interface Tools {
  chalk: ChalkInstance
  speaker: Speaker
  /** Collects the states, and decides which of them have a line of their own. */
  chart: ReturnType<typeof createStateChart>
}

export function createRows({ chalk, speaker, chart }: Tools) {
  const style: Style = { strong: chalk.bold, dim: chalk.dim, bad: chalk.red, value: chalk.cyan }
  /** When each call began that has not returned, by caller and name. */
  const begun = new Map<string, number>()
  /** Names of processes and threads, by pid or thread id. */
  const names = new Map<number, string>()

  /** How long a call that returns has blocked, in microseconds; undefined when its beginning is not recorded. */
  function takeHeld({ tid, call, t }: Event & CallFact): number | undefined {
    const since = begun.get(`${tid} ${call}`)
    begun.delete(`${tid} ${call}`)
    return since === undefined ? undefined : t - since
  }

  return {
    nameOf: (child: number) => names.get(child) ?? 'process',

    /** Another run begins. It has no calls of the one before. */
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
        case 'signal':
          return { ...me, sign: chalk.magentaBright('↯'), text }
        case 'run':
        case 'created':
          return { ...me, sign: '+', text }
        case 'removed':
          return { ...me, sign: '-', text }
        case 'call': {
          // The line of the message is enough for a call that did not block and did not fail.
          if (event.waits === false && !event.errno) return undefined
          if (event.phase === 'begin') {
            begun.set(`${event.tid} ${event.call}`, event.t)
            return { ...me, sign: chalk.magentaBright('…'), text }
          }
          const held = takeHeld(event)
          return {
            ...me,
            sign: '✓',
            text: describe(event, style, held) + chalk.magentaBright(bar(held ?? 0)),
          }
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
          return { who: 'evidence', paint: chalk.cyan, sign: chalk.cyan('┊'), text }
        case 'claim': {
          const paint = event.holds ? chalk.green : chalk.red
          const who = event.holds ? 'claim' : 'claim failed'
          return { who, paint: paint.bold, sign: paint(mark(event.holds)), text: paint(text) }
        }
        case 'finding': {
          const paint = event.certain ? chalk.red : chalk.yellow
          return { who: 'finding', paint: paint.bold, sign: paint(event.certain ? mark(false) : '?'), text }
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

/** A bar for the time that a call blocked. It can be negative: in a recording, a call may return before it begins. */
function bar(microseconds: number): string {
  const blocks = Math.round(microseconds / barBlock)
  return blocks <= 0 ? '' : ` ${'▇'.repeat(Math.min(blocks, barBlocks))}${blocks > barBlocks ? '…' : ''}`
}
