import type { Actor } from '../../run/actor.js'

/** How many messages a ring-consumer read: it checks each one itself, and reports their number at the end. */
export function countReceived(consumer: Actor): number | undefined {
  for (const event of consumer.events)
    if (event.event === 'call' && event.call === 'ring.read') return event.result
  return undefined
}
