/** The answers from which a question lets its reader choose. */
import type { NoteFact } from '../events.js'

/** A line for each: `b) It stays a zombie.` Empty for a note that asks nothing. */
export function choicesOf({ data }: NoteFact): string[] {
  const record = typeof data === 'object' && !Array.isArray(data) ? data : {}
  const { choices } = record
  return Array.isArray(choices) ? choices.map((choice, at) => `${'abcd'[at] ?? ''}) ${choice}`) : []
}
