/** A loop asks whether something has happened, and not one call waits. */
import { thousands } from '../text.js'
import { tracedCalls } from '../trace/model.js'
import { type Detector, forCalls } from './detector.js'
import { createSpins, foundNothingYet, longestGap } from './spin.js'

const id = 'io/busy-waiting'

/** Not epoll_wait(2): event loops with work of their own call it so, and find nothing. */
export function busyWaiting(): Detector {
  const spins = createSpins(
    (call) => {
      if (foundNothingYet(call)) return `${call.name} ${call.args.filter((word) => !word.startsWith('0x'))}`
      return call.result === -1 ? undefined : null
    },
    () => longestGap,
  )
  return {
    calls: forCalls(tracedCalls.join(), spins.see),
    exit: spins.exit,
    finish: () =>
      spins.finish(
        id,
        (who, { first, count }) =>
          `${who} called ${first.name}(2) ${thousands(count)} times without a pause, and nothing had happened yet.`,
      ),
  }
}
