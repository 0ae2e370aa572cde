/** Waits on a semaphore and posts to it, as the supervisor tells it, and reports each call. */
import { OsdemoError } from '../errors.js'
import { openSemaphore, type SemaphorePlace } from '../ipc/semaphore.js'
import { runActor, splitWord, type Verb } from './lib/runtime.js'

export interface SemaphoreUserConfig {
  place: SemaphorePlace
  /** The errnos that are reported as the result of a call; with another one, the actor fails. */
  shown: string[]
}

/** With SEM_UNDO, the kernel takes the change back when the process exits. `open` is followed by the name of a POSIX semaphore. */
export type SemaphoreWord = 'wait' | 'wait SEM_UNDO' | 'post' | `open ${string}` | 'end'

declare module '../actor-types.js' {
  interface Actors {
    'semaphore-user': { config: SemaphoreUserConfig; word: SemaphoreWord; runsAs: 'process' }
  }
}

runActor<'semaphore-user'>(async ({ say, config: { place, shown }, nextWord }) => {
  const open = (place: SemaphorePlace) => {
    const opened = openSemaphore(place)
    // The first use loads the C library, which is no part of the time of a call.
    opened.value()
    return opened
  }
  let semaphore = open(place)

  const report = (call: string, make: () => void) => {
    const object = semaphore.title
    say({ event: 'call', phase: 'begin', call, object })
    try {
      make()
      say({ event: 'call', phase: 'end', call, object, result: 0 })
    } catch (error) {
      if (!(error instanceof OsdemoError) || error.errno === undefined) throw error
      say({ event: 'call', phase: 'end', call, object, errno: error.errno })
      if (!shown.includes(error.errno)) throw error
    }
  }
  const steps: Record<Exclude<Verb<SemaphoreWord>, 'end'>, (rest: string) => void> = {
    wait: (rest) => report(semaphore.waitCall, () => semaphore.wait(rest === 'SEM_UNDO')),
    post: () => report(semaphore.postCall, () => semaphore.post()),
    open: (name) => {
      semaphore = open({ name })
    },
  }
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    const [verb, rest] = splitWord(word)
    steps[verb](rest)
  }
})
