/** The two processes of the demo, and how they are told to make a call. */
import type { MessageCall } from '../../../actors/message-user.js'
import { readStat } from '../../../proc/stat.js'
import type { ActorOf, EventOf } from '../../../run/actor.js'

type Party = ActorOf<'message-user'>

export interface Parties {
  /** Of the queue. */
  id: number
  sender: Party
  receiver: Party
}

/** How a call ended, and the message that it received. */
export interface Returned {
  errno: string | undefined
  message: EventOf<'received'> | undefined
}

/** A buffer for each message of the demo. */
export const enough = 100

/** Tells a process to make a call. @returns once the call has returned */
export function call(actor: Party, word: MessageCall): Promise<Returned> {
  return begin(actor, word).returned
}

interface Begun {
  hasReturned(): boolean
  /** Whether the process sleeps in the call. */
  isAsleep(): boolean
  returned: Promise<Returned>
}

/** Tells a process to make a call that may wait. */
export function begin(actor: Party, word: MessageCall): Begun {
  const calls = (phase: 'begin' | 'end', from = 0) =>
    actor.events.slice(from).filter((event) => event.event === 'call' && event.phase === phase).length
  const ends = () => calls('end')
  const [before, first] = [ends(), actor.events.length]
  actor.tell(word)
  let seen = 0
  const end = actor.until('call', ({ phase }) => phase === 'end' && ++seen > before)
  const returned = end.then(({ errno }) => ({
    errno,
    message: actor.events
      .slice(first)
      .find((event): event is EventOf<'received'> => event.event === 'received'),
  }))
  // Nothing may wait for it yet when the process is killed.
  returned.catch(() => {})
  return {
    hasReturned: () => ends() > before,
    // Between the report that the call begins and the call itself, the process does not sleep.
    isAsleep: () => calls('begin', first) > 0 && readStat(actor.id)?.state === 'S',
    returned,
  }
}
