/** The processes that share a semaphore in `semaphore demo`: which of them are inside, and which wait. */
import type { SemaphorePlace } from '../../ipc/semaphore.js'
import type { ActorOf } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'

export interface Worker {
  readonly id: number
  readonly name: string
  /** What it does, as its last call showed. */
  state: 'outside' | 'waiting' | 'inside' | 'killed'
  /** Whether its last wait was one with SEM_UNDO. */
  undo: boolean
  /** The errno of its last wait; undefined where that succeeded. */
  errno: string | undefined
  actor: ActorOf<'semaphore-user'>
}

export async function startWorker(stage: Stage, name: string, place: SemaphorePlace): Promise<Worker> {
  const actor = await stage.start({ program: 'semaphore-user', name, config: { place, shown: ['EIDRM'] } })
  return { id: actor.id, name, state: 'outside', undo: false, errno: undefined, actor }
}

/** Has a worker take 1. It is inside when its call has returned. @param undo with SEM_UNDO */
export function enter(worker: Worker, undo = false): void {
  worker.state = 'waiting'
  worker.undo = undo
  const returned = nextReturn(worker)
  worker.actor.tell(undo ? 'wait SEM_UNDO' : 'wait')
  const done = (errno: string | undefined) => {
    worker.errno = errno
    worker.state = errno === undefined ? 'inside' : 'outside'
  }
  // It rejects when the worker is killed while it waits, or the stage is aborted.
  returned.then(done, () => {})
}

/** Has a worker add 1. */
export async function leave(worker: Worker): Promise<void> {
  const returned = nextReturn(worker)
  worker.actor.tell('post')
  await returned
  worker.state = 'outside'
}

/** Kills a worker, and waits until the kernel has taken back what it had to. */
export async function kill(worker: Worker): Promise<void> {
  worker.actor.kill('SIGKILL')
  await worker.actor.ended
  worker.state = 'killed'
}

/** Waits until so many of the workers are inside. @returns those that are */
export async function untilInside(
  stage: Stage,
  workers: readonly Worker[],
  count: number,
): Promise<Worker[]> {
  const inside = () => workers.filter(({ state }) => state === 'inside')
  await stage.poll(() => inside().length >= count)
  return inside()
}

/** The errno of the next call that returns. */
async function nextReturn({ actor }: Worker): Promise<string | undefined> {
  const isReturn = ({ phase }: { phase: 'begin' | 'end' }) => phase === 'end'
  const before = actor.events.filter((event) => event.event === 'call' && isReturn(event)).length
  let seen = 0
  const { errno } = await actor.until('call', (call) => isReturn(call) && ++seen > before)
  return errno
}
