/** The view for programs: one event a line, as it happens. */
import type { Event } from '../events.js'
import { jsonLine } from './escape-control.js'

export function createNdjson() {
  return {
    event: (event: Event) => jsonLine(event),
    end: () => '',
  }
}
