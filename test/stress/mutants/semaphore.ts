import type { Mutant } from './mutant.js'

const test = 'test/falsify/philosophers.test.ts'

/** In each of these tests, the C program does something else. */
const shared = { test, title: 'two philosophers may have the same fork' }
const other = { test, title: 'each begins with its right fork' }

export const semaphoreMutants: readonly Mutant[] = [
  {
    file: 'src/demos/semaphore/philosophers.ts',
    from: 'stands.length === people && stands.every(Boolean)',
    to: 'stands.length <= people',
    ...shared,
  },
  {
    file: 'src/demos/semaphore/philosophers.ts',
    from: 'before === 0 && ate() === others.length && table.mealsOf(victim.place) === 0',
    to: 'ate() === others.length',
    ...shared,
  },
  {
    file: 'src/demos/semaphore/philosophers.ts',
    from: 'has === place && waitsFor === (place + 1) % people',
    to: 'has !== undefined && waitsFor !== undefined',
    ...other,
  },
  {
    file: 'src/demos/semaphore/philosophers.ts',
    from: 'ate.every((times) => times === meals)',
    to: 'ate.every((times) => times > 0)',
    ...other,
  },
  {
    file: 'src/demos/semaphore/table.ts',
    from: 'beside.filter((each) => eating.has(each)).length',
    to: 'beside.filter((each) => eating.has(each + people)).length',
    ...shared,
  },
]
