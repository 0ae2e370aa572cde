/** Measures the mechanisms on the same work, round by round, and reports which is fastest and why. */
import { cpus as cpusOf, loadavg } from 'node:os'
import type { Mode } from '../../bench/round.js'
import { aloneAt, type Costs, rowOf } from '../../bench/row.js'
import { Unavailable } from '../../errors.js'
import { numberIn } from '../../events.js'
import { pin, requirePinning } from '../../ipc/scheduling.js'
import { allowedCpus } from '../../proc/sched.js'
import { isVirtual } from '../../proc/virtual.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { mechanisms } from './mechanisms.js'
import { type Cell, numbersIn, type Pair, type Place, type Plan, playAll, startPair } from './play.js'
import { report } from './report.js'
import { startTwin } from './twin.js'

export interface BenchOptions {
  /** Names of mechanisms; all of them where there is none. */
  names: readonly string[]
  sizes: readonly number[]
  mode: Mode
  /** Undefined: both on one CPU, and on two. */
  cpus: Place | undefined
  rounds: number
  /** Milliseconds of a round. */
  duration: number
  /** Whether the same is measured in C too. */
  against: boolean
  onProgress: Plan['onProgress']
}

export const mechanismNames: readonly string[] = mechanisms.map(({ name }) => name)

export function bench({ names, cpus, mode, sizes, against, ...plan }: BenchOptions): Demo {
  return async (stage) => {
    requireProc('bench')
    requirePinning()
    const allowed = allowedCpus(process.pid)
    const places = placesOf(stage, allowed, cpus)
    stage.note(
      'The same messages through each mechanism: how long they take, and what they cost. ' +
        'A process that blocks gives up the CPU; busy waiting keeps it.',
      'opening',
    )
    showMachine(stage, allowed.length)
    const yard = await measureCosts(stage, allowed)
    const chosen = mechanisms.filter(({ name }) => names.length === 0 || names.includes(name))
    const pairs: Pair[] = []
    for (const mechanism of chosen) {
      const inC = async () => (against ? startTwin(stage, mechanism.name, mode) : undefined)
      const pair = await startPair(stage, mechanism, inC)
      if (pair) pairs.push(pair)
    }
    tellLeftOut(stage, pairs, { mode, places })
    // A run that fails, or that a signal ends, leaves no line of progress on the terminal.
    stage.scope.defer(() => plan.onProgress(1, 0))
    const cells = await playAll(pairs, { ...plan, mode, sizes, places })
    const sides = pairs.flatMap(({ first, second }) => (second ? [first, second] : [first]))
    for (const side of sides) side.tell('end')
    await Promise.all(sides.map(({ ended }) => ended))
    const costs = { alone: yard.alone, switch: switchCost(cells, mode, yard) }
    report(stage, cells, { mode, costs, ffi: yard.ffi, where: whereOf(places) })
  }
}

/** Says which rows there cannot be, and why. */
function tellLeftOut(
  stage: Stage,
  pairs: readonly Pair[],
  { mode, places }: Pick<Plan, 'mode' | 'places'>,
): void {
  const names = (which: (pair: Pair) => boolean) =>
    pairs
      .filter(which)
      .map(({ mechanism }) => mechanism.name)
      .join(' and ')
  const spinning = names(({ mechanism }) => mechanism.spins ?? false)
  if (spinning && places.some(({ place }) => place === 'same'))
    stage.note(
      `Not measured on one CPU: ${spinning}. A side that never blocks keeps the CPU from the other.`,
      'aside',
    )
  const single = names(({ mechanism }) => mechanism.bytes !== undefined)
  if (single && mode === 'throughput')
    stage.note(`Not measured: ${single}. Several of them become one, or are lost.`, 'aside')
}

function placesOf(stage: Stage, allowed: number[], wanted: Place | undefined): Plan['places'] {
  const [last, other] = [allowed.at(-1), allowed.at(-2)]
  if (last === undefined)
    throw new Unavailable('osdemo bench cannot see which CPUs it may use', 'Run it on Linux.')
  const two: Plan['places'] = other === undefined ? [] : [{ place: 'two', cpus: [other, last] }]
  const all: Plan['places'] = [
    { place: 'same', cpus: [last, last] },
    ...two,
    { place: 'any', cpus: undefined },
  ]
  const places = all.filter(({ place }) => (wanted ? place === wanted : place !== 'any'))
  if (places.length === 0)
    throw new Unavailable('osdemo bench --cpus two needs two CPUs, and may use one', 'Use --cpus same.')
  if (!wanted && other === undefined)
    stage.note('Not measured: two CPUs, because osdemo may use only one.', 'aside')
  return places
}

function whereOf(places: Plan['places']): Record<Place, string> {
  const [one, two] = [
    places.find(({ place }) => place === 'same'),
    places.find(({ place }) => place === 'two'),
  ]
  return {
    same: `both on CPU ${one?.cpus?.[0]}`,
    two: `on CPUs ${two?.cpus?.join(' and ')}`,
    any: 'not pinned',
  }
}

/** Says on which machine this was measured, and whether others use it. */
function showMachine(stage: Stage, allowed: number): void {
  const all = cpusOf()
  const virtual = isVirtual()
  const kind = virtual === undefined ? '' : virtual ? ', a virtual machine' : ', no virtual machine'
  const [load = 0] = loadavg()
  const model = (all[0]?.model ?? 'unknown').trim()
  stage.note(`Measured on ${all.length} x ${model}${kind}. osdemo may use ${allowed}.`, 'step', {
    cpus: all.length,
    model,
    virtual: virtual ?? null,
    allowed,
    load,
  })
  if (load > allowed / 2)
    stage.note(`Other programs compute here (load average ${load.toFixed(1)}), so the times vary.`, 'aside')
}

interface Yard {
  ffi: number
  alone: Costs['alone']
}

/** Measures in a process of its own what calls and copies cost without a switch. */
async function measureCosts(stage: Stage, allowed: number[]): Promise<Yard> {
  const yard = await stage.start({ program: 'bench-side', name: 'yardstick', config: { begins: true } })
  pin(yard.id, allowed.slice(-1))
  yard.tell('measure')
  const { data } = await yard.until('evidence')
  yard.tell('end')
  await yard.ended
  const times = numbersIn(data, 'alone')
  const alone = numbersIn(data, 'sizes').map((size, at) => ({ size, alone: times[at] ?? Number.NaN }))
  const [clock, ffi] = [numberIn(data, 'clock') ?? 0, numberIn(data, 'ffi') ?? 0]
  stage.note(
    `Each time contains one look at the clock, ${Math.round(clock)} ns. A call through koffi takes ${Math.round(ffi)} ns.`,
    'step',
    { clock, ffi },
  )
  return { ffi, alone }
}

/** Half a round trip through a pipe on one CPU, less the calls in it. Undefined where that was not measured. */
function switchCost(cells: readonly Cell[], mode: Mode, yard: Yard): number | undefined {
  const isPipe = ({ pair, place }: Cell) => pair.mechanism.name === 'pipe' && place === 'same'
  const [cell] = cells.filter(isPipe).sort((one, other) => one.size - other.size)
  const calls = cell && aloneAt(yard, cell.size)
  if (!cell || calls === undefined || mode !== 'latency') return undefined
  const cost = rowOf(mode, cell.rounds).time.median / 2 - calls
  return cost > 0 ? cost : undefined
}
