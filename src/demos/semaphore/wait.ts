/** Takes 1 from a semaphore, and waits for it: the tool `semaphore wait`. */
import { SystemCallError } from '../../errors.js'
import { semaphoreAt } from '../../ipc/posix-sem.js'
import { readStat } from '../../proc/stat.js'
import type { Demo, Stage } from '../../run/stage.js'
import { watchRemoval } from '../shared/watch-removal.js'
import {
  type Joined,
  joinSemaphore,
  type Look,
  requireSets,
  type SemaphoreChoice,
  words,
} from './semaphore.js'

export interface SemaphoreUseOptions {
  choice: SemaphoreChoice
  /** The value of a new semaphore; undefined for 0. */
  value: number | undefined
}

export function semaphoreWait(options: SemaphoreUseOptions & { nonblocking: boolean }): Demo {
  return async (stage) => {
    const { choice, value, nonblocking } = options
    requireSets('semaphore wait')
    const joined = joinSemaphore(stage, choice, value ?? 0)
    const { semaphore, title } = joined
    tellUnusedValue(stage, joined, value)
    const isTaken = semaphore.tryWait()
    stage.say({
      event: 'call',
      phase: 'end',
      call: semaphore.waitCall,
      object: semaphore.title,
      ...(isTaken ? { result: 0 } : { errno: 'EAGAIN' }),
    })
    if (!isTaken && nonblocking) {
      const call = semaphore.waitCall
      throw new SystemCallError(`the value of ${title} is 0: ${call}: EAGAIN`, call, 'EAGAIN', {
        hint: `Add 1 first: ${words('post', choice)}. Or leave out --nonblocking.`,
      })
    }
    if (!isTaken) await waitFor(stage, choice, joined)
    joined.keep()
    const now = joined.look('after the wait')
    stage.note(`Took 1 from ${title}${now ? `, whose value is now ${now.value}` : ''}.`, 'closing')
    tellStays(stage, choice, joined)
  }
}

/** Blocks in a process of its own, so that this run still reacts to signals. */
async function waitFor(stage: Stage, choice: SemaphoreChoice, { place, title, look }: Joined): Promise<void> {
  const before = look('before the wait')
  const last = before && tellLastUser(before)
  if (last) stage.note(last, 'next')
  stage.note(`Waiting for a post. In another terminal: ${words('post', choice)}`, 'next')
  if ('name' in place) {
    const ino = semaphoreAt(place.name)?.ino
    watchRemoval(stage, title, () => semaphoreAt(place.name)?.ino !== ino)
  }
  const waiter = await stage.start({
    program: 'semaphore-user',
    name: 'waiter',
    config: { place, shown: [] },
  })
  waiter.tell('wait')
  waiter.tell('end')
  await waiter.ended
}

/** Which process changed it last: it may have died while it held the semaphore. */
function tellLastUser({ value, lastUser = 0 }: Look): string | undefined {
  if (lastUser === 0) return undefined
  const stat = readStat(lastUser)
  const name = stat && stat.state !== 'Z' ? `${stat.comm} (pid ${lastUser})` : undefined
  return name
    ? `Its value is ${value}. The process that changed it last is ${name}.`
    : `Its value is ${value}. The process that changed it last, pid ${lastUser}, has exited.`
}

/** An existing semaphore keeps its value. */
export function tellUnusedValue(stage: Stage, { isNew, title }: Joined, value: number | undefined): void {
  if (!isNew && value !== undefined)
    stage.note(`${title[0]?.toUpperCase()}${title.slice(1)} exists, so --value has no effect.`, 'closing')
}

export function tellStays(stage: Stage, choice: SemaphoreChoice, { isNew }: Joined): void {
  if (isNew) stage.note(`The semaphore stays. Remove it: ${words('remove', choice)}`, 'next')
}
