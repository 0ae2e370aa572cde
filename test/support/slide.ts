/** The slide of some events, and what is in it. */
import type { Event } from '../../src/events.js'
import { pictures } from '../../src/views/pictures.js'

export function slideOf(events: readonly Event[]): string {
  const view = pictures.svg()
  return events.map((event) => view.event(event)).join('') + view.end()
}

/** The values of an attribute, in the order of the markup. */
export function valuesOf(slide: string, attribute: string): string[] {
  return [...slide.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))].map(([, value = '']) => value)
}
