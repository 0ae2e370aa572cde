/** Keeps a round over a queue from hanging without a word, whatever somebody does to its processes or its queue. */
import { DemoFailed } from '../../errors.js'
import { readStat } from '../../proc/stat.js'
import { readSyscall } from '../../proc/syscall.js'
import { syscallName } from '../../proc/syscall-names.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import type { Capacity } from './channel.js'

/** Every how many milliseconds it is looked. */
const lookEvery = 250

/** After so many looks without a change in between, it will not come any more: who could go on does not sleep. */
const patience = 8

/** The system call in which a side waits; a sender over a rendezvous waits for the word that its message was taken. */
export function waitingCall(capacity: Capacity, side: 'sender' | 'receiver'): string {
  if (capacity === 'unbounded') return 'read'
  return side === 'sender' && capacity !== 0 ? 'mq_timedsend' : 'mq_timedreceive'
}

export interface Watched {
  capacity: Capacity
  sender: Actor
  receiver: Actor
  /** When the round began, by the clock of the events. */
  start: number
}

/**
 * Says who was stopped, and how he goes on.
 *
 * @throws DemoFailed when neither can go on: both wait in the kernel for each other, or one does and the other has closed
 */
export async function watch<T>({ say }: Stage, watched: Watched, round: Promise<T>): Promise<T> {
  const { sender, receiver } = watched
  const stopped = new Set<Actor>()
  let last = ''
  let same = 0
  let timer: NodeJS.Timeout | undefined
  const stuck = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      for (const actor of [sender, receiver]) {
        if (!isStopped(actor)) stopped.delete(actor)
        else if (!stopped.has(actor)) {
          stopped.add(actor)
          const { name, id } = actor
          say({ event: 'note', text: `the ${name} has been stopped, and goes on after: kill -CONT ${id}` })
        }
      }
      const now = stopped.size === 0 ? standstill(watched) : ''
      same = now !== '' && now === last ? same + 1 : 0
      last = now
      if (same < patience) return
      const hint = 'a message was lost on its way: somebody else may have taken it; run the command again'
      reject(new DemoFailed(`nothing will pass any more: ${now}`, { hint }))
    }, lookEvery)
  })
  try {
    return await Promise.race([round, stuck])
  } finally {
    clearInterval(timer)
  }
}

function isStopped({ id }: Actor): boolean {
  return readStat(id)?.state === 'T'
}

/** Where the two stand when neither can go on; empty while one can, or may, or the kernel does not show it. */
function standstill({ capacity, start, ...actors }: Watched): string {
  const places = (['sender', 'receiver'] as const).map((side) => {
    const { id, name, events } = actors[side]
    const seen = readSyscall(id, id)
    const call = waitingCall(capacity, side)
    const waits = typeof seen === 'object' && syscallName(seen.number) === call
    const closed = events.some(
      (event) => event.event === 'call' && event.call === 'close' && event.t >= start,
    )
    return { waits, closed, text: `the ${name} ${waits ? `waits in ${call}(2)` : 'has closed'}` }
  })
  const standStill = places.some(({ waits }) => waits) && places.every(({ waits, closed }) => waits || closed)
  return standStill ? places.map(({ text }) => text).join(', ') : ''
}
