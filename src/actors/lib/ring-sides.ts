/** What both sides of a ring share: what the messages are, and how waiting is told. */
import type { Say } from '../../events.js'
import type { RingOptions } from '../../ipc/shared-ring/waiting.js'

/** How often a sleep on the ring is told: at full speed there are thousands. */
const toldSleeps = 50

/** Tells when a side of a ring goes to sleep and when it goes on: how long it was held is part of the picture. */
export function ringHooks(say: Say, call: string): RingOptions {
  let sleeps = 0
  const tell = (phase: 'begin' | 'end', why: string) => {
    if (sleeps <= toldSleeps) say({ event: 'call', phase, call, object: why })
  }
  return {
    onSleep(why) {
      sleeps++
      tell('begin', `the ring is ${why}`)
    },
    onWake: () => tell('end', 'the ring'),
  }
}

/** Message number `index`: filled up with dots to `size` bytes where that is given. */
export function messageOf(index: number, size = 0): string {
  return `Message ${index}`.padEnd(size, '.')
}
