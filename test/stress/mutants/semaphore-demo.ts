import type { Mutant } from './mutant.js'

const file = 'src/demos/semaphore/demo.ts'
const test = 'test/falsify/semaphore.test.ts'

export const semaphoreDemoMutants: readonly Mutant[] = [
  {
    file,
    from: "inside.join() === 'worker-1,worker-2' && full?.value === 0 && full.waitForIncrease === 2",
    to: 'inside.length >= 2',
    test,
    title: 'adds 1 to the new set',
  },
  {
    file,
    from: 'after.run === before.run',
    to: 'after.run >= before.run',
    test,
    title: 'ask again and again',
  },
  { file, from: 'inside.length === 2', to: 'inside.length > 0', test, title: 'leave out SEM_UNDO' },
  {
    file,
    from: "waiting.length === 1 && waiting.every(({ errno }) => errno === 'EIDRM')",
    to: "waiting.every(({ errno }) => errno === 'EIDRM')",
    test,
    title: 'always use SEM_UNDO',
  },
  {
    file: 'src/demos/semaphore/named.ts',
    from: "value === 0 && waiter.state === 'waiting' && isAlive(waiter.id) && !isAlive(holder.id)",
    to: '!isAlive(holder.id)',
    test,
    title: 'adds 2 to the POSIX semaphore',
  },
  {
    file: 'src/demos/semaphore/semaphore.ts',
    from: "(found.state === 'released' || found.run.state === 'dead')",
    to: "found.state === 'needed'",
    test: 'test/demos/semaphore/tools.test.ts',
    title: 'that an interrupted or killed run created',
  },
  {
    file: 'src/ipc/sysv-sem.ts',
    from: '(change === 0 ? [] : [{ semaphore, change }])',
    to: '[{ semaphore, change }]',
    test: 'test/ipc/sysv-sem.test.ts',
  },
  {
    file: 'src/ipc/sysv-sem.ts',
    from: '(undo ? SEM_UNDO : 0)',
    to: '0',
    test: 'test/demos/semaphore/demo.test.ts',
  },
]
