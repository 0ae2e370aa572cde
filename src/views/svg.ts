import type { Event } from '../events.js'
export function createSvg() {
  return { event: (_: Event) => '', end: () => '' }
}
