/**
 * The states of each child over time, as a Gantt chart: a lane for each. It is drawn at the end of a run, because the
 * time that a column stands for depends on all `state` events.
 *
 *     child-1    3011 ████░░░░████████░░░░████
 *     child-2    3012 ░░░░████░░░░░░░░░░░░░░░░
 */
import type { ChalkInstance } from 'chalk'
import { wrapAnsi } from 'fast-wrap-ansi'
import type { Event, ProcessState, StateFact } from '../../events.js'
import { counted, duration, largest } from '../../text.js'

interface Lane {
  child: number
  changes: { t: number; state: ProcessState | 'ended' }[]
  /** The last change, and every state so far. */
  last: { t: number; state: ProcessState }
  known: Set<ProcessState>
}

/** A return to an earlier state has its own line if the state before lasted this long, in microseconds. */
const notable = 100_000

/** The chart shows at most the first this many changes, to limit its memory. */
const mostChanges = 20_000

/** Width of a label and the space behind it, and the largest width of the chart itself, in columns. */
const margin = 17
const mostCells = 100

/** The symbols of a column, in the order of a process's life. */
const symbols = {
  new: '+',
  running: '█',
  'running and ready': '▒',
  ready: '░',
  waiting: '·',
  stopped: 'T',
  zombie: 'Z',
}
type Shown = keyof typeof symbols

/** These may be short, so they are shown in every column that they touch. */
const short: Shown[] = ['zombie', 'stopped', 'new']

interface Looks {
  chalk: ChalkInstance
  width: number
  /** The time from which times are counted. */
  start: number
  /** The name of a lane, 16 columns wide. */
  label(child: number): string
  /** Without the sums below the chart. */
  brief?: boolean
}

export function createStateChart() {
  const lanes = new Map<number, Lane>()
  let changes = 0
  let untold = 0
  return {
    /**
     * Adds a state event.
     *
     * @returns `tell`: whether it has a line of its own; `before`: the state before, in words
     */
    add({ t, child, state }: Event & StateFact): { tell: boolean; before: string } {
      const lane = lanes.get(child) ?? { child, changes: [], last: { t, state }, known: new Set() }
      lanes.set(child, lane)
      const lasted = t - lane.last.t
      const tell = !lane.known.has(state) || lasted >= notable
      const before = state === lane.last.state ? '' : ` after ${duration(lasted)} of ${lane.last.state}`
      if (!tell && before !== '') untold++
      if (state !== lane.last.state) lane.last = { t, state }
      lane.known.add(state)
      if (changes++ < mostChanges) lane.changes.push({ t, state })
      return { tell, before }
    },

    /** A child has exited, which ends its last state. */
    ended(child: number, t: number): void {
      const lane = lanes.get(child)
      if (lane && lane.changes.at(-1)?.state !== 'ended') lane.changes.push({ t, state: 'ended' })
    },

    /**
     * The chart of the children so far, after which it is empty again. Empty text for one child, or if no child
     * changed its state.
     */
    take(looks: Looks): string {
      const text = draw([...lanes.values()], untold, looks)
      lanes.clear()
      changes = 0
      untold = 0
      return text
    },
  }
}

function draw(lanes: Lane[], untold: number, looks: Looks): string {
  const { chalk, width, start, label, brief = false } = looks
  const times = lanes.flatMap(({ changes }) =>
    changes.flatMap(({ t, state }) => (state === 'ended' ? [] : [t])),
  )
  const from = times.reduce((least, t) => Math.min(least, t), Number.POSITIVE_INFINITY)
  const to = largest(times, 0)
  // Lanes of one symbol each, such as those of zombies, would show less than the lines above them.
  const changed = lanes.some(({ known }) => known.size > (known.has('gone') ? 2 : 1))
  if (lanes.length < 2 || to <= from || !changed) return ''

  const cells = Math.min(mostCells, Math.max(20, width - margin - 1))
  const step = (to - from) / cells
  const rows = lanes
    .sort((a, b) => a.child - b.child)
    .map(({ child, changes }) => {
      const spans = spansOf(changes, to)
      const row = Array.from({ length: cells }, (_, index) => cell(spans, from + index * step, step))
      return { name: label(child), spans, row }
    })
  const paints: Partial<Record<Shown, ChalkInstance>> = {
    new: chalk.cyan,
    running: chalk.green,
    'running and ready': chalk.green,
    ready: chalk.blueBright,
    stopped: chalk.red,
    zombie: chalk.magenta,
  }
  const paint = (shown: Shown) => (paints[shown] ?? chalk.dim)(symbols[shown])
  const beside = (name: string, text: string) => {
    const lines = wrapAnsi(text, Math.max(20, width - margin), { hard: true }).split('\n')
    return `${name} ${lines.join(`\n${' '.repeat(margin)}`)}`
  }
  const nobody = ' '.repeat(margin - 1)
  const second = (t: number) => `${((t - start) / 1e6).toFixed(3)} s`
  const title = `states, ${second(from)} to ${second(to)}, ${duration(step)} a column`
  // `symbols` has no other keys than its type.
  const legend = (Object.keys(symbols) as Shown[])
    .filter((shown) => rows.some(({ row }) => row.includes(shown)))
    .map((shown) => `${paint(shown)} ${shown}`)
  return [
    '',
    `${chalk.bold(`── ${title}`)} ${chalk.dim('─'.repeat(Math.max(3, width - 4 - title.length)))}`,
    ...rows.map(({ name, row }) =>
      `${name} ${row.map((shown) => (shown ? paint(shown) : ' ')).join('')}`.trimEnd(),
    ),
    beside(nobody, legend.join('   ')),
    ...(brief ? [] : rows.map(({ name, spans }) => beside(name, sums(spans)))),
    ...(untold > 0 && !brief
      ? [beside(nobody, chalk.dim(`${counted(untold, 'state change')} shown only in this chart`))]
      : []),
    '',
  ].join('\n')
}

interface Span {
  state: Shown
  from: number
  to: number
}

/** How long each state lasted: to the next one, or to the end of the chart. */
function spansOf(changes: Lane['changes'], end: number): Span[] {
  const sorted = changes.toSorted((a, b) => a.t - b.t)
  return sorted.flatMap(({ t, state }, index) => {
    if (state === 'gone' || state === 'ended') return []
    return [{ state, from: t, to: Math.min(sorted[index + 1]?.t ?? end, end) }]
  })
}

/** What a column shows that begins at `from`; undefined when the child did not exist. */
function cell(spans: Span[], from: number, step: number): Shown | undefined {
  const times = new Map<Shown, number>()
  for (const span of spans) {
    const time = Math.min(span.to, from + step) - Math.max(span.from, from)
    if (time > 0) times.set(span.state, (times.get(span.state) ?? 0) + time)
  }
  const least = Math.min(times.get('running') ?? 0, times.get('ready') ?? 0)
  if (least > step / 4) times.set('running and ready', step)
  const [longest] = [...times].sort(([, a], [, b]) => b - a)
  return short.find((state) => times.has(state)) ?? longest?.[0]
}

/** The time in each state, in the order in which the states were first entered. */
function sums(spans: Span[]): string {
  const times = new Map<Shown, number>()
  for (const { state, from, to } of spans) times.set(state, (times.get(state) ?? 0) + to - from)
  return [...times].map(([state, time]) => `${state} ${duration(time)}`).join(', ')
}
