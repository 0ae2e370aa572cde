import type { Event } from '../events.js'
export function createHtml() {
  return { event: (_: Event) => '', end: () => '' }
}
