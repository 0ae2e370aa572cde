import type { Actor } from '../../run/actor.js'

/** How many messages reached a ring-consumer unchanged and in order: it checks each itself, and reports the number at its end. */
export function countReceived(consumer: Actor): number {
  for (const event of consumer.events)
    if (event.event === 'call' && event.call === 'ring.read') return event.result ?? 0
  return 0
}
