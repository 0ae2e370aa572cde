/** A loop repeats a call that fails, each time with the same error. */
import { thousands } from '../text.js'
import type { Call } from '../trace/line.js'
import { tracedCalls } from '../trace/model.js'
import { type Detector, forCalls } from './detector.js'
import { createSpins, foundNothingYet, longestGap } from './spin.js'

const id = 'io/spins-on-error'

export function spinsOnError(): Detector {
  const spins = createSpins(
    (call) => {
      const { errno, name, args, result } = call
      if (result !== -1) return isNeutral(call) ? undefined : null
      if (errno === 'EINTR') return null
      // Each attempt to connect has a socket of its own. A buffer may be elsewhere.
      const same = args.slice(name === 'connect' ? 1 : 0).filter((word) => !word.startsWith('0x'))
      return `${name} ${errno} ${same.join()}`
      // That there is nothing yet may be what a calculation wants to know, now and then.
    },
    ({ errno }) => (errno === 'EAGAIN' || errno === 'ENOMSG' ? longestGap : 20 * longestGap),
  )
  return {
    calls: forCalls(tracedCalls.join(), spins.see),
    exit: spins.exit,
    finish: () =>
      spins.finish(id, (who, { first, count, object }) => {
        return `${who} called ${first.name}(2)${object} ${thousands(count)} times, and it failed with ${first.errno}.`
      }),
  }
}

/** Calls with which a loop of failures makes no progress: a new socket for the next attempt, and what perror(3) does. */
function isNeutral(call: Call): boolean {
  const { name, args } = call
  const [first = '', second = ''] = args
  if (name === 'write') return first.startsWith('2<') || first.includes('<char ')
  return /^(?:socket|close|dup)$/.test(name) || second === 'F_GETFL' || foundNothingYet(call)
}
