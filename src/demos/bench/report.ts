/** The report of `osdemo bench`: tables of the rows that can be compared, and what explains each row. */

import { histogramStart, type Mode } from '../../bench/round.js'
import { type Costs, crossover, type Row, rowOf } from '../../bench/row.js'
import { noiseOf, ranksOf } from '../../bench/statistics.js'
import type { Stage } from '../../run/stage.js'
import { size as sizeText } from '../../text.js'
import type { Mechanism } from './mechanisms.js'
import type { Cell, Place } from './play.js'

interface Result {
  mechanism: Mechanism
  place: Place
  size: number
  row: Row
}

interface Context {
  mode: Mode
  costs: Costs
  /** Nanoseconds of a call through koffi. */
  ffi: number
  /** What each place is, in words: `both on CPU 1`. */
  where: Readonly<Record<Place, string>>
}

export function report(stage: Stage, cells: readonly Cell[], context: Context): void {
  const results = cells.map(
    ({ pair: { mechanism }, place, size, rounds, inC }): Result => ({
      mechanism,
      place,
      size,
      row: rowOf(context.mode, rounds, inC),
    }),
  )
  const places = [...new Set(results.map(({ place }) => place))]
  const sizes = [...new Set(results.map(({ size }) => size))].sort((one, other) => one - other)
  let isShared = false
  for (const place of places) {
    for (const spins of [false, true]) {
      const group = results.filter(
        (each) => each.place === place && (each.mechanism.spins ?? false) === spins,
      )
      const way = spins ? 'busy waiting' : 'blocking'
      const [first] = group
      if (!first) continue
      const least = Math.min(...group.map(({ size }) => size))
      const main = group
        .filter(({ size }) => size === least)
        .sort((one, other) => one.row.time.median - other.row.time.median)
      isShared = showRanks(stage, main, `${titleOf(context, main)}, ${way}`, context) || isShared
      showCosts(stage, main, `Cost of one, ${way}, ${context.where[place]}`)
      if (sizes.length > 1)
        showSizes(stage, group, sizes, `Over the size, ${way}, ${context.where[place]}`, context)
      for (const result of main) explain(stage, result, context)
    }
  }
  if (isShared)
    stage.note('Where ranks are equal, the rounds overlap, and none is known to be faster.', 'aside')
  close(stage, context)
}

function titleOf({ mode, where }: Context, [one]: readonly Result[]): string {
  if (!one) return ''
  return `${mode === 'latency' ? 'Round trip' : 'Message'} of ${sizeText(one.size)}, ${where[one.place]}`
}

/** Microseconds with about three digits. */
export function digits(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

const widest = 12

/** The table of one kind of rows, the fastest first. @returns whether rows share a rank */
function showRanks(stage: Stage, group: Result[], table: string, { mode }: Context): boolean {
  const ranks = ranksOf(group.map(({ row }) => row.time))
  const times = group.map(({ row }) => row.time.median)
  const hasC = group.some(({ row }) => row.inC)
  const [least = 1, greatest = 1] = [times[0], times.at(-1)]
  const length = (time: number) =>
    1 + Math.round(((widest - 1) * Math.log(time / least)) / Math.log(Math.max(greatest / least, 1.01)))
  for (const [at, { mechanism, size, row, place }] of group.entries()) {
    const { time, p90, p99 } = row
    const [rank = 0, noise] = [ranks[at], `± ${Math.round(noiseOf(time) * 100)} %`]
    const name = mechanism.name
    const perSecond = 1e6 / time.median
    stage.say({
      event: 'note',
      role: 'step',
      text: `${rank}. ${name}: ${digits(time.median)} µs ${noise}.`,
      row: {
        table,
        cells: {
          rank: `${rank}`,
          mechanism: mechanism.bytes === undefined ? name : `${name} (${mechanism.bytes} B)`,
          ...(mode === 'latency'
            ? { 'p50 µs': digits(time.median), 'p90 µs': digits(p90), 'p99 µs': digits(p99) }
            : {
                'µs each': digits(time.median),
                'per second': `${Math.round(perSecond)}`,
                'MB/s': digits((perSecond * size) / 1e6),
              }),
          noise,
          ...(hasC && { 'C µs': row.inC ? digits(row.inC.median) : '-' }),
          'log scale': '▇'.repeat(length(time.median)),
        },
      },
      data: {
        rank,
        mechanism: name,
        mode,
        size: mechanism.bytes ?? size,
        cpus: place,
        spins: mechanism.spins ?? false,
        median: time.median,
        low: time.low,
        high: time.high,
        p90,
        p99,
        count: row.count,
        cpu: row.cpu,
        calls: row.calls ?? null,
        callsAre: mechanism.library ? 'library' : mechanism.eventLoop ? 'some' : 'system',
        voluntary: row.voluntary,
        involuntary: row.involuntary,
        histogram: row.histogram,
        inC: row.inC?.median ?? null,
      },
    })
  }
  return new Set(ranks).size < ranks.length
}

/** One character for each class of round trips, from less than 0.25 µs on, each class twice as long as the one before. */
function chart(histogram: readonly number[]): string {
  const most = Math.max(1, ...histogram)
  const marks = [' ', ...'▁▂▃▄▅▆▇█']
  return histogram.map((number) => marks[Math.ceil((number / most) * 8)]).join('')
}

function showCosts(stage: Stage, group: Result[], table: string): void {
  for (const { mechanism, row } of group)
    stage.say({
      event: 'note',
      role: 'step',
      text: `${mechanism.name}: ${digits(row.cpu)} µs of CPU time.`,
      row: {
        table,
        cells: {
          mechanism: mechanism.name,
          calls: row.calls === undefined ? '-' : `${mechanism.eventLoop ? '≥ ' : ''}${row.calls.toFixed(1)}`,
          voluntary: row.voluntary.toFixed(1),
          involuntary: row.involuntary.toFixed(1),
          'CPU µs': digits(row.cpu),
          ...(row.histogram.length > 0 && {
            [`${histogramStart} µs to 16 ms`]: chart(row.histogram),
          }),
        },
      },
    })
}

function showSizes(
  stage: Stage,
  group: Result[],
  sizes: readonly number[],
  table: string,
  { mode }: Context,
): void {
  const place = group[0]?.place ?? ''
  for (const name of new Set(group.map(({ mechanism }) => mechanism.name))) {
    const mine = group.filter(({ mechanism }) => mechanism.name === name)
    const at = (size: number) => mine.find((each) => each.size === size)?.row.time.median
    const shown = (size: number) => {
      const time = at(size)
      if (time === undefined) return '-'
      return mode === 'latency' ? digits(time) : digits(size / time)
    }
    const unit = mode === 'latency' ? 'µs' : 'MB/s'
    stage.say({
      event: 'note',
      role: 'step',
      text: `${name}: ${sizes.map((size) => `${sizeText(size)} ${shown(size)} ${unit}`).join(', ')}.`,
      data: {
        mechanism: name,
        cpus: place,
        sizes: sizes.filter((size) => at(size) !== undefined),
        times: sizes.flatMap((size) => at(size) ?? []),
      },
      row: {
        table,
        cells: {
          mechanism: name,
          ...Object.fromEntries(sizes.map((size) => [`${unit}, ${sizeText(size)}`, shown(size)])),
        },
      },
    })
  }
}

/** Says what a row costs, and where its time goes, as far as the counts show that. */
function explain(stage: Stage, { mechanism, place, row }: Result, { costs, ffi, mode }: Context): void {
  const { title, name } = mechanism
  const { median } = row.time
  const switches = row.voluntary + row.involuntary
  const one = mode === 'latency' ? 'a round trip' : 'a message'
  const kind = mechanism.library ? 'calls of the C library' : mechanism.eventLoop ? 'or more calls' : 'calls'
  const calls = row.calls === undefined ? '' : `${row.calls.toFixed(1)} ${kind} and `
  const parts = [`${title} costs ${calls}${switches.toFixed(1)} context switches ${one}.`]
  const switching = costs.switch === undefined ? 0 : Math.min(switches * costs.switch, median)
  if (place === 'same' && switching > 0 && mode === 'latency')
    parts.push(`About ${digits(switching)} of its ${digits(median)} µs are switches.`)
  else if (mode === 'latency' && row.cpu < median * 0.9)
    parts.push(`Neither side computes for ${digits(median - row.cpu)} of its ${digits(median)} µs.`)
  else if (switches < 0.1) parts.push(`Both sides compute all the time: ${digits(row.cpu)} µs of CPU time.`)
  if (mechanism.ffi && row.calls !== undefined)
    parts.push(`Calls through koffi add about ${digits((row.calls * ffi) / 1000)} µs.`)
  stage.note(parts.join(' '), 'step', {
    mechanism: name,
    cpus: place,
    switches,
    switching,
    calls: row.calls ?? null,
  })
}

function close(stage: Stage, { costs, mode }: Context): void {
  const found = crossover(costs)
  const { switch: cost, alone } = costs
  const last = alone.at(-1)
  if (cost === undefined || !last) {
    stage.note('Not observed: what a switch costs. That needs the pipe, both sides on one CPU.', 'aside')
  } else {
    const text = found
      ? `Below ${sizeText(found[0])} the switch costs more than copying the message; from ${sizeText(found[1])} on, the copies do.`
      : `Up to ${sizeText(last.size)}, copying a message costs less than that.`
    stage.note(`A context switch costs ${digits(cost)} µs here. ${text}`, 'closing', {
      switch: cost,
      below: found?.[0] ?? null,
      above: found?.[1] ?? null,
    })
  }
  const other = mode === 'latency' ? 'throughput' : 'latency'
  stage.note(`Next: \`osdemo bench --mode ${other}\` measures the other question.`, 'next')
}
