import type { Mutant } from './mutant.js'

const test = 'test/falsify/philosophers.test.ts'

/** In each of these tests, the C program does something else. */
const shared = { test, title: 'two philosophers may have the same fork' }
const other = { test, title: 'each begins with its right fork' }

const buffer = 'test/falsify/bounded-buffer.test.ts'
const oneTooMany = { test: buffer, title: 'one place too many' }
const firstOnly = { test: buffer, title: 'the first place only' }
const noneWithMutex = { test: buffer, title: 'no process waits with the mutex' }

export const semaphoreMutants: readonly Mutant[] = [
  {
    file: 'src/demos/semaphore/philosophers.ts',
    from: 'pairs.length === people && pairs.every(Boolean)',
    to: 'pairs.length <= people',
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
  {
    file: 'src/demos/semaphore/buffer.ts',
    from: 'free.value + filled.value === places && mutex.value === 1',
    to: 'free.value >= 0 && mutex.value === 1',
    ...oneTooMany,
  },
  {
    file: 'src/demos/semaphore/buffer.ts',
    from: 'full.free.waiting === 1 && !isEarly',
    to: 'full.free.value === 0',
    ...oneTooMany,
  },
  {
    file: 'src/demos/semaphore/buffer.ts',
    from: 'put.size === 2 * each && wrong === 0',
    to: 'put.size === 2 * each && wrong >= 0',
    ...firstOnly,
  },
  {
    file: 'src/demos/semaphore/buffer-deadlock.ts',
    from: "wakers.length === 1 && wakers[0] === producer && wanted === names.indexOf('free')",
    to: 'wakers.length <= 1',
    ...noneWithMutex,
  },
  {
    file: 'src/demos/semaphore/buffer-condition.ts',
    from: 'taken === 2 && numbers',
    to: 'numbers',
    ...noneWithMutex,
  },
]
