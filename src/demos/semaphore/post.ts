/** Adds 1 to a semaphore, which lets a process that waits for it continue: the tool `semaphore post`. */
import type { Demo } from '../../run/stage.js'
import { counted } from '../../text.js'
import { joinSemaphore, requireSets } from './semaphore.js'
import { type SemaphoreUseOptions, tellStays, tellUnusedValue } from './wait.js'

export function semaphorePost({ choice, value }: SemaphoreUseOptions): Demo {
  return async (stage) => {
    requireSets('semaphore post')
    const joined = joinSemaphore(stage, choice, value ?? 0)
    const { semaphore, title } = joined
    tellUnusedValue(stage, joined, value)
    semaphore.post()
    joined.keep()
    stage.say({
      event: 'call',
      phase: 'end',
      call: semaphore.postCall,
      object: semaphore.title,
      result: 0,
    })
    const now = joined.look('after the post')
    stage.note(`Added 1 to ${title}${now ? `, whose value is now ${now.value}` : ''}.`, 'closing')
    if (now?.value === 0) stage.note('Another process has already taken it.', 'closing')
    if (now?.waiting) {
      const still = counted(now.waiting, 'process still waits', 'processes still wait')
      stage.note(`${still} for it.`, 'closing')
    }
    tellStays(stage, choice, joined)
  }
}
