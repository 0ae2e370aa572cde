import type { Mutant } from './mutant.js'

const report = 'test/demos/bench.test.ts'
const figures = 'test/bench/statistics.test.ts'
const all = { test: report, title: 'all mechanisms do the same work' }

/** In what the benchmark checks, counts, and concludes. */
export const benchMutants: readonly Mutant[] = [
  {
    file: 'src/bench/round.ts',
    from: 'if (!expected.equals(into)) throw',
    to: 'if (expected.length !== into.length) throw',
    test: 'test/bench/round.test.ts',
    title: 'arrives changed',
  },
  { file: 'src/bench/round.ts', from: 'counts.reads + counts.writes', to: 'counts.reads', ...all },
  { file: 'src/ipc/thread-usage.ts', from: '[16, 17]', to: '[15, 16]', ...all },
  {
    file: 'src/bench/statistics.ts',
    from: 'Math.max(high, each.high)',
    to: 'each.high',
    test: figures,
    title: 'overlap in a chain',
  },
  {
    file: 'src/bench/row.ts',
    from: 'each.alone - least.alone > cost',
    to: 'each.alone > cost',
    test: figures,
    title: 'the crossover lies',
  },
  {
    file: 'src/demos/bench/report.ts',
    from: 'inC: row.inC?.median ?? null',
    to: 'inC: row.time.median',
    test: report,
    title: 'plays the same rounds',
  },
]
