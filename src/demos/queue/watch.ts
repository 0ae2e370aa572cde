/** Notices when a round over a queue cannot continue, because its processes were stopped or its messages taken away. */
import { DemoFailed } from '../../errors.js'
import { readStat } from '../../proc/stat.js'
import { readSyscall } from '../../proc/syscall.js'
import { syscallName } from '../../proc/syscall-names.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import type { Capacity } from './channel.js'

/** Milliseconds between two looks at the processes. */
const lookEvery = 250

/** After so many equal looks, 2 seconds, neither side will continue: a process that could continue would not stay blocked. */
const patience = 8

/** The system call in which a side blocks. In a rendezvous the sender waits for the message that reports `taken`. */
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
 * Reports which process was stopped, and how to continue it.
 *
 * @throws DemoFailed when neither side can continue: both are blocked, or one is and the other has closed its side
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
          const text = `The ${name} (pid ${id}) was stopped by a signal. Continue it: kill -CONT ${id}`
          say({ event: 'note', text, role: 'next' })
        }
      }
      const now = stopped.size === 0 ? standstill(watched) : ''
      same = now !== '' && now === last ? same + 1 : 0
      last = now
      if (same < patience) return
      const hint = 'Another process may have received a message of this run. Run the command again.'
      reject(new DemoFailed(`no message can pass now: ${now}`, { hint }))
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

/** What both sides do when neither can continue; empty while one may continue, or where the kernel does not show it. */
function standstill({ capacity, start, ...actors }: Watched): string {
  const places = (['sender', 'receiver'] as const).map((side) => {
    const { id, name, events } = actors[side]
    const seen = readSyscall(id, id)
    const call = waitingCall(capacity, side)
    const waits = typeof seen === 'object' && syscallName(seen.number) === call
    const closed = events.some(
      (event) => event.event === 'call' && event.call === 'close' && event.t >= start,
    )
    return { waits, closed, text: `the ${name} ${waits ? `is blocked in ${call}(2)` : 'has closed'}` }
  })
  const standStill = places.some(({ waits }) => waits) && places.every(({ waits, closed }) => waits || closed)
  return standStill ? places.map(({ text }) => text).join(', ') : ''
}
