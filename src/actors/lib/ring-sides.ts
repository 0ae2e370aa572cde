/** What producer and consumer of a ring buffer share: the messages, and how they report that they sleep. */
import type { Say } from '../../events.js'
import type { RingOptions } from '../../ipc/shared-ring/waiting.js'

/** How many sleeps are reported: at full speed there are thousands. */
const reportedSleeps = 50

/** Reports when a side of a ring buffer goes to sleep and when it wakes up: how long it slept is part of the story. */
export function ringHooks(say: Say, call: string): RingOptions {
  let sleeps = 0
  const tell = (phase: 'begin' | 'end', object: string) => {
    if (sleeps <= reportedSleeps) say({ event: 'call', phase, call, object })
  }
  return {
    onSleep(why) {
      sleeps++
      tell('begin', `on the ${why} ring`)
    },
    onWake: () => tell('end', 'on the ring'),
  }
}

/** Message number `index`, padded with dots to `size` bytes where that is given. */
export function messageOf(index: number, size = 0): string {
  return `Message ${index}`.padEnd(size, '.')
}
