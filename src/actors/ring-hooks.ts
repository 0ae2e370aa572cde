import type { Say } from '../events.js'
import type { RingOptions } from '../ipc/shared-ring.js'

/** How often a sleep on the ring is told: at full speed there are thousands. */
const toldSleeps = 50

/** Tells when a side of a ring goes to sleep and when it goes on: how long it was held is part of the picture. */
export function ringHooks(say: Say): RingOptions {
  let sleeps = 0
  const tell = (phase: 'begin' | 'end', why: string) => {
    if (sleeps <= toldSleeps) say({ event: 'call', phase, call: 'Atomics.wait', object: why })
  }
  return {
    onSleep(why) {
      sleeps++
      tell('begin', `the ring is ${why}`)
    },
    onWake: () => tell('end', 'the ring'),
  }
}
