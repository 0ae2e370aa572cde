import type { Mutant } from './mutant.js'

const test = 'test/falsify/signal.test.ts'

/** In each of these tests, the C program does something else. */
const ignores = { test, title: 'the program ignores SIGUSR1' }
const blocksNothing = { test, title: 'blocks nothing' }
const countsDown = { test, title: 'the sender counts down' }

export const signalMutants: readonly Mutant[] = [
  { file: 'src/demos/signal/demo.ts', from: 'signal === SIGUSR1,', to: 'signal > 0,', ...ignores },
  {
    file: 'src/demos/signal/demo.ts',
    from: "hasSignal(receiver.id, 'SigIgn', 'SIGUSR2') && !isPending && ignored.length === 0 &&",
    to: '!isPending &&',
    ...blocksNothing,
  },
  {
    file: 'src/demos/signal/blocked.ts',
    from: "=== 'SigPnd',",
    to: "!== 'ShdPnd',",
    ...blocksNothing,
  },
  {
    file: 'src/demos/signal/blocked.ts',
    from: "queued.map(({ value }) => value).join() === '1,2,3'",
    to: 'queued.length === 3',
    ...countsDown,
  },
  {
    file: 'src/demos/signal/children.ts',
    from: 'first.runs === 1 && first.reaped === 1 && left === 2,',
    to: 'first.runs === 1 && left <= 2,',
    ...blocksNothing,
  },
  {
    file: 'src/demos/signal/slow-call.ts',
    from: "restarted.result === 'hello\\n'.length &&",
    to: '',
    ...blocksNothing,
  },
]
