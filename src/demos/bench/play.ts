/** Starts both sides of each mechanism once, and plays the rounds of all mechanisms in turn. */
import type { BenchRound } from '../../actors/bench-side.js'
import type { Channel } from '../../bench/end.js'
import { histogramLength, type Mode, type Side } from '../../bench/round.js'
import { asOsdemoError, OsdemoError } from '../../errors.js'
import { type Data, type EvidenceFact, now, numberIn } from '../../events.js'
import type { ActorOf } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import type { Mechanism } from './mechanisms.js'
import type { Twin } from './twin.js'

type BenchSide = ActorOf<'bench-side'>

/** Both sides of a mechanism, connected. */
export interface Pair {
  mechanism: Mechanism
  first: BenchSide
  /** Undefined where the first side starts it. */
  second: BenchSide | undefined
  longest: number
  /** The same in C, where that was asked for. */
  twin: Twin | undefined
}

/** Where both sides run: pinned to one CPU, to one each, or not pinned. */
export type Place = 'same' | 'two' | 'any'

/** The rounds of a mechanism with one size in one place. */
export interface Cell {
  pair: Pair
  place: Place
  size: number
  rounds: { count: number; first: Side; second: Side }[]
  /** The times of the same rounds in C. */
  inC: number[]
}

export interface Plan {
  mode: Mode
  sizes: readonly number[]
  /** The CPUs of both sides in each place; undefined where they are not pinned. */
  places: readonly { place: Place; cpus: [number, number] | undefined }[]
  rounds: number
  /** Milliseconds of a round. */
  duration: number
  /** Called after each round: the part that is done, and the seconds that remain. */
  onProgress(done: number, left: number): void
}

/** Starts both sides. @returns undefined where this machine does not have the mechanism: a note says why */
export async function startPair(
  stage: Stage,
  mechanism: Mechanism,
  startTwin: () => Promise<Twin | undefined>,
): Promise<Pair | undefined> {
  const { name } = mechanism
  try {
    const opened = await mechanism.open({ ...stage, say: () => {} })
    const { ends, connection, areThreads, longest = Number.POSITIVE_INFINITY } = opened
    const start = (side: 'first' | 'second', channel: Channel) => {
      const program = 'bench-side'
      const spec = {
        program,
        name: `${name}-${side}`,
        config: { channel, begins: side === 'first' },
      } as const
      if (areThreads)
        return stage.startThread({ ...spec, moves: channel.kind === 'port' ? [channel.port] : [] })
      const [stdin, stdout] = connection?.[side] ?? [false, false]
      return stage.start(spec, { stdin, stdout })
    }
    try {
      const starting = [start('first', ends[0]), ends[1] && start('second', ends[1])] as const
      const [first, second] = await Promise.all(starting)
      return { mechanism, first, second, longest, twin: await startTwin() }
    } finally {
      connection?.close()
    }
  } catch (error) {
    stage.signal.throwIfAborted()
    const { message } = error instanceof OsdemoError ? error : asOsdemoError(error, 'it cannot be created')
    stage.note(`Not measured: ${name}. ${message[0]?.toUpperCase()}${message.slice(1)}.`, 'aside')
    return undefined
  }
}

/** Whether there is such a row. A mechanism that spins needs a CPU for each side, and one with short values has no size. */
function canRun({ mechanism, longest }: Pair, { sizes, mode }: Plan, place: Place, size: number): boolean {
  if (mechanism.bytes !== undefined) return size === sizes[0] && mode === 'latency'
  return size <= longest && !(mechanism.spins && place === 'same')
}

/** Plays all rounds. In each round every mechanism has its turn, so that a busy moment of the machine meets all of them. */
export async function playAll(pairs: readonly Pair[], plan: Plan): Promise<Cell[]> {
  const { sizes, places, rounds } = plan
  const cells = places.map(({ place, cpus }) => ({
    cpus,
    sets: sizes.map((size) =>
      pairs
        .filter((pair) => canRun(pair, plan, place, size))
        .map((pair): Cell => ({ pair, place, size, rounds: [], inC: [] })),
    ),
  }))
  const all = cells.flatMap(({ sets }) => sets.flat())
  const total = all.length * (rounds + 2)
  const since = performance.now()
  let done = 0
  for (const { cpus, sets } of cells) {
    for (const set of sets) {
      const times = new Map<Cell, number>()
      // The first round finds out how long a message takes, and the second warms the caches and the compiler of Node up.
      for (let round = -1; round <= rounds; round++) {
        for (const cell of set) {
          await playCell(cell, plan, round, times, cpus ?? [])
          done++
          const spent = (performance.now() - since) / 1000
          plan.onProgress(done / total, (spent / done) * (total - done))
        }
      }
    }
  }
  return all
}

const [fewest, most] = [10, 100_000]

async function playCell(
  cell: Cell,
  { mode, duration }: Plan,
  round: number,
  times: Map<Cell, number>,
  pinned: number[],
): Promise<void> {
  const { pair, size, place } = cell
  const { mechanism, first, second } = pair
  const usual = Math.floor((duration * 1000) / (times.get(cell) ?? Number.POSITIVE_INFINITY))
  const count = Math.min(Math.max(usual, fewest), most)
  // Each datagram also needs room for its headers.
  const window = mechanism.window ? Math.max(1, Math.floor(mechanism.window / (size + 1024))) : count
  const since = now()
  const results = Promise.all([resultOf(first, 'first', since), resultOf(second ?? first, 'second', since)])
  const word: Omit<BenchRound, 'peer'> = {
    mode,
    size: mechanism.bytes ?? size,
    count,
    window,
    mechanism: mechanism.name,
    cpus: place,
    round: Math.max(0, round),
    pinned,
  }
  second?.tell({ ...word, peer: first.id })
  first.tell({ ...word, peer: second?.id ?? 0 })
  const [one, other] = await results
  times.set(cell, one.elapsed / count)
  const inC = await pair.twin?.(word, word)
  if (round <= 0) return
  cell.rounds.push({ count, first: one, second: other })
  if (inC !== undefined) cell.inC.push(inC)
}

/** What is reported about a side, of a round that began after this time. */
async function resultOf(by: BenchSide, side: 'first' | 'second', since: number): Promise<Side> {
  const isIt = ({ t, data }: EvidenceFact & { t: number }) => t >= since && textIn(data, 'side') === side
  const { data } = await by.until('evidence', isIt)
  const number = (name: keyof Side) => numberIn(data, name) ?? Number.NaN
  return {
    elapsed: number('elapsed'),
    cpu: number('cpu'),
    voluntary: number('voluntary'),
    involuntary: number('involuntary'),
    calls: number('calls'),
    p50: number('p50'),
    p90: number('p90'),
    p99: number('p99'),
    histogram: numbersIn(data, 'histogram').slice(0, histogramLength),
  }
}

/** A list of numbers in the data of evidence. */
export function numbersIn(data: Data | undefined, name: string): number[] {
  const list = typeof data === 'object' && !Array.isArray(data) ? data[name] : undefined
  return Array.isArray(list) ? list.filter((each) => typeof each === 'number') : []
}

function textIn(data: Data | undefined, name: string): unknown {
  return typeof data === 'object' && !Array.isArray(data) ? data[name] : undefined
}
