/** Plain words in the events of a run: its sentences as they are printed, and the width of its lines. */
import stringWidth from 'string-width'
import type { Event } from '../../src/events.js'
import { createProse } from '../../src/views/prose/index.js'
import { createTimeline } from '../../src/views/timeline/index.js'
import { check } from './rules.js'

const width = 80

/** What is wrong with the notes and claims of a demo, and its lines that do not fit a terminal of 80 columns. */
export function faultsOf(events: readonly Event[]): string[] {
  // `why` begins sentences with the name of a process, and its headings have no full stop.
  const isReport = events.some((event) => event.event === 'run' && event.command[0] === 'why')
  const sentences = events.flatMap((event) => {
    if (event.event !== 'note' && event.event !== 'claim') return []
    const { event: kind, text, row } = event
    const known = check({ file: '', line: 1, kind, text }, { has: () => true })
    // A row of a table is no sentence. A note may quote behind a colon what a program printed or a user answered.
    const isFree = kind === 'note' && (row !== undefined || text.includes(': '))
    return known
      .filter(({ rule }) => rule === 'turn' || !isFree)
      .filter(({ rule }) => rule !== 'sentence' || !isReport)
      .map(({ about }) => `${about}: ${text}`)
  })
  const views = [
    createTimeline({ color: 0, width, hide: [] }),
    createProse({ level: 'brief', color: 0, width }),
  ]
  const lines = views.flatMap((view) =>
    [...events.map((event) => view.event(event)), view.end()].join('').split('\n'),
  )
  return [
    ...sentences,
    ...lines.filter((line) => stringWidth(line) > width).map((line) => `too wide: ${line}`),
  ]
}
