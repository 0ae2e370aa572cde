/**
 * Who was in which state when: a lane for each child, as a Gantt chart has it. Drawn from the `state` events of a run, at
 * its end; how many columns wide, and how much time a column is, depends on them.
 *
 *     child-1    3011 ████░░░░████████░░░░████
 *     child-2    3012 ░░░░████░░░░░░░░░░░░░░░░
 */
import type { ChalkInstance } from 'chalk'
import wrapAnsi from 'wrap-ansi'
import type { Event, ProcessState, StateFact } from '../events.js'

interface Change {
  t: number
  /** Undefined: it has ended. */
  state: ProcessState | undefined
}

interface Lane {
  child: number
  changes: Change[]
  /** Where it was when, by the last event. */
  now: Change
  known: Set<ProcessState>
}

/** A change to a state that a child knows already gets a line of its own only when the state before lasted so long, in microseconds. */
const notable = 100_000

/** Beyond so many changes the chart is a part of the story only: it must not take all memory. */
const mostChanges = 20_000

/** Columns of a label and of what is between it and the chart. */
const margin = 17

/** Columns that a chart may have: a screen is seldom wider. */
const mostCells = 100

/** What one column can show, in the order of a life. */
const symbols = {
  new: '+',
  running: '█',
  'running and ready': '▒',
  ready: '░',
  waiting: '·',
  stopped: 'T',
  zombie: 'Z',
  gone: ' ',
} satisfies Record<ProcessState | 'running and ready', string>

/** They may be short: shown in every column that they touch. */
const short: ProcessState[] = ['zombie', 'stopped', 'new']

export function createStateChart(chalk: ChalkInstance) {
  const paints: Partial<Record<string, ChalkInstance>> = {
    [symbols.new]: chalk.cyan,
    [symbols.running]: chalk.green,
    [symbols['running and ready']]: chalk.green,
    [symbols.ready]: chalk.yellow,
    [symbols.stopped]: chalk.red,
    [symbols.zombie]: chalk.magenta,
  }
  const lanes = new Map<number, Lane>()
  let changes = 0
  let untold = 0

  return {
    /**
     * Takes a state event.
     *
     * @returns whether it deserves a line of its own, and what was before
     */
    add({ t, child, state }: Event & StateFact): { tell: boolean; before: string } {
      let lane = lanes.get(child)
      const before =
        lane && lane.now.state !== state ? ` after ${brief(t - lane.now.t)} of ${lane.now.state}` : ''
      lane ??= { child, changes: [], now: { t, state }, known: new Set() }
      lanes.set(child, lane)
      const tell = !lane.known.has(state) || t - lane.now.t >= notable
      if (!tell) untold++
      lane.known.add(state)
      if (lane.changes.length === 0 || lane.now.state !== state) lane.now = { t, state }
      if (changes++ < mostChanges) lane.changes.push({ t, state })
      return { tell, before }
    },

    /** A child has ended: so has its last state. */
    ended(child: number, t: number): void {
      lanes.get(child)?.changes.push({ t, state: undefined })
    },

    /**
     * Draws the chart of all children so far, when they are several, and forgets them.
     *
     * @param start of the story, which the times count from
     * @param label of a lane, 16 columns wide
     */
    draw(width: number, start: number, label: (child: number) => string): string {
      const all = [...lanes.values()].sort((a, b) => a.child - b.child)
      const told = all.flatMap((lane) => lane.changes.filter(({ state }) => state).map(({ t }) => t))
      const [from, to] = [min(told), max(told)]
      const text = all.length > 1 && to > from ? drawn(all, from, to) : ''
      lanes.clear()
      changes = 0
      untold = 0
      return text

      /** A text to the right of a label, in as many lines as it takes. */
      function beside(label: string, text: string): string {
        const lines = wrapAnsi(text, Math.max(20, width - margin), { hard: true }).split('\n')
        return `${label.padEnd(margin)}${lines.join(`\n${' '.repeat(margin)}`)}`
      }

      function drawn(all: Lane[], from: number, to: number): string {
        const cells = Math.min(mostCells, Math.max(20, width - margin - 1))
        const step = (to - from) / cells
        const title = `states, ${seconds(from - start)} to ${seconds(to - start)}, ${brief(step)} a column`
        const rule = '─'.repeat(Math.max(3, width - 4 - title.length))
        const rows = all.map((lane) => {
          const spans = spansOf(lane, to)
          const row = Array.from({ length: cells }, (_, index) => cell(spans, from + index * step, step))
          return { lane, spans, row }
        })
        const used = new Set(rows.flatMap(({ row }) => row))
        const paint = (symbol: string) => (paints[symbol] ?? chalk.dim)(symbol)
        const legend = Object.entries(symbols)
          .filter(([name, symbol]) => name !== 'gone' && used.has(symbol))
          .map(([name, symbol]) => `${paint(symbol)} ${name}`)
        return [
          `\n${chalk.bold(`── ${title}`)} ${chalk.dim(rule)}`,
          ...rows.map(({ lane, row }) => `${label(lane.child)} ${row.map(paint).join('')}`.trimEnd()),
          beside('', legend.join('   ')),
          ...rows.map(({ lane, spans }) => beside(label(lane.child), sums(spans))),
          ...(untold > 0
            ? [beside('', chalk.dim(`${untold} changes of state are told in this chart only`))]
            : []),
          '',
        ].join('\n')
      }
    },
  }
}

interface Span {
  state: ProcessState
  from: number
  to: number
}

function spansOf({ changes }: Lane, end: number): Span[] {
  const sorted = changes.toSorted((a, b) => a.t - b.t)
  return sorted.flatMap(({ t, state }, index) => {
    const to = sorted[index + 1]?.t ?? end
    return state && state !== 'gone' ? [{ state, from: t, to: Math.min(to, end) }] : []
  })
}

/** What a column shows that begins at `from`. */
function cell(spans: Span[], from: number, step: number): string {
  const times = new Map<ProcessState, number>()
  for (const span of spans) {
    const time = Math.min(span.to, from + step) - Math.max(span.from, from)
    if (time > 0) times.set(span.state, (times.get(span.state) ?? 0) + time)
  }
  const brief = short.find((state) => times.has(state))
  if (brief) return symbols[brief]
  if (Math.min(times.get('running') ?? 0, times.get('ready') ?? 0) > step / 4)
    return symbols['running and ready']
  const [longest] = [...times].sort(([, a], [, b]) => b - a)
  return longest ? symbols[longest[0]] : ' '
}

/** How long it was in each state, in the order in which it came to them. */
function sums(spans: Span[]): string {
  const times = new Map<ProcessState, number>()
  for (const { state, from, to } of spans) times.set(state, (times.get(state) ?? 0) + to - from)
  return [...times].map(([state, time]) => `${state} ${brief(time)}`).join(', ')
}

/** Microseconds, as people say them. */
function brief(microseconds: number): string {
  if (microseconds < 10_000) return `${(microseconds / 1000).toFixed(1)} ms`
  return microseconds < 1_000_000 ? `${Math.round(microseconds / 1000)} ms` : seconds(microseconds)
}

function seconds(microseconds: number): string {
  return `${(microseconds / 1e6).toFixed(3)} s`
}

function min(numbers: number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY)
}

function max(numbers: number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), Number.NEGATIVE_INFINITY)
}
