import type { Mutant } from './mutant.js'

const test = 'test/falsify/lock.test.ts'

/** In each of these tests, the C program does something else. */
const exclusive = { test, title: 'every lock is exclusive' }
const shared = { test, title: 'exclusive locks of flock' }
const noneOfDescriptions = { test, title: 'there are no locks of descriptions' }

export const lockMutants: readonly Mutant[] = [
  {
    file: 'src/demos/lock/demo.ts',
    from: "shared.errno === 0 && both.filter(({ access, waits }) => access === 'READ' && !waits).length === 2",
    to: 'both.length > 0',
    ...exclusive,
  },
  {
    file: 'src/demos/lock/demo.ts',
    from: "refused.errno === constants.errno.EAGAIN && content === 'overwritten'",
    to: 'content.length >= 0',
    ...shared,
  },
  {
    file: 'src/demos/lock/fork.ts',
    from: 'errno === 0 && holders === 2 && isKept',
    to: 'isKept',
    ...exclusive,
  },
  { file: 'src/demos/lock/close.ts', from: 'fcntl.left === 0 && fcntl.other === 0', to: 'true', ...shared },
  {
    file: 'src/demos/lock/deadlock.ts',
    from: 'circle.filter(({ waits }) => waits).length === 2',
    to: 'circle.length < 4',
    ...noneOfDescriptions,
  },
]
