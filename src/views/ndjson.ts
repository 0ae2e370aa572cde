/** The view for programs: one event a line, as it happens. */
import type { Event } from '../events.js'

export function createNdjson() {
  return {
    event: (event: Event) => `${JSON.stringify(event)}\n`,
    end: () => '',
  }
}
