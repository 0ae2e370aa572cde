/** A process waits at a semaphore, and all processes of the run that could post it are stuck or have exited. */
import type { Block } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { circleIn } from './deadlock.js'
import type { Detector } from './detector.js'
import { createStuck } from './stuck.js'
import { createTaken, operationsIn } from './taken.js'

const id = 'semaphore/waits-for-ever'

export function waitsForEver(): Detector {
  const { detector, find } = createStuck()
  const taken = createTaken()
  return {
    ...detector,
    calls: { ...detector.calls, ...taken.calls },
    finish(trace) {
      const stuck = find(trace)
      const waiting = stuck?.blocks.filter(isAtSemaphore) ?? []
      const [first] = waiting
      // Where each of them has what another one waits for, it is a deadlock.
      if (!stuck?.isAll || !first || circleIn(stuck, taken.by)) return []
      const others = waiting.length > 1 ? ` and ${waiting.length - 1} more` : ''
      const [operation] = operationsIn(first.args).filter(({ change }) => change <= 0)
      const which = operation ? `semaphore ${operation.number} of ` : 'a semaphore in '
      const isNamed = first.thing?.kind === 'semaphore' && !operation
      return [
        {
          id,
          text: `${named(first.process)}${others} waits at ${isNamed ? '' : which}${first.object}. No process of this run is left that could post it.`,
          certain: stuck.certain && first.thing?.isPrivate === true,
          processes: waiting.map(({ process }) => process),
          calls: waiting.slice(0, 3),
        },
      ]
    },
  }
}

/** A futex of 0 is a semaphore, and may be a condition variable: sem_wait(3) waits until it is above 0. */
function isAtSemaphore({ call, args }: Block): boolean {
  if (call === 'futex') return args[1]?.includes('WAIT_BITSET') === true && args[2] === '0'
  return call.startsWith('sem') && operationsIn(args).some(({ change }) => change <= 0)
}
