/** The table of all events. */
import { counted } from '../../text.js'
import { describe } from '../describe-event.js'
import type { Lane, Step, Story } from '../story/index.js'
import { escapeXml } from '../svg/parts.js'

/** A page with more rows is large, and a browser becomes slow with it. */
export const mostRows = 20_000

/** A browser lays out a part of the table when it is seen. The style knows this number. */
const rowsInPart = 100

/** The events that have a row. */
export function eventsShown({ steps }: Story): Step[] {
  return steps.slice(0, mostRows)
}

export function eventsSection(story: Story): string {
  const shown = eventsShown(story)
  const left = story.steps.length - shown.length
  const note =
    left > 0
      ? `<p>This table leaves out the last ${counted(left, 'event')}. FILE.ndjson has all of them.</p>`
      : ''
  const rows = shown.map((step, at) => row(step, at + 1, story.start))
  const parts = Array.from({ length: Math.ceil(rows.length / rowsInPart) }, (_, at) =>
    rows.slice(at * rowsInPart, (at + 1) * rowsInPart),
  )
  const heads = ['Number', 'Seconds', 'Who', 'Event', 'What'].map((name) => `<th scope="col">${name}</th>`)
  return `<section aria-labelledby="events">
<div class="tools"><h2 id="events" tabindex="-1">Events</h2>
<span id="count" role="status">${counted(shown.length, 'event')}</span></div>
<form class="tools" role="search" data-script hidden>
<label>Search <input id="words" type="search" autocomplete="off"></label>
<label>Who ${select('who', new Set(shown.map((step) => speaker(step.lane))))}</label>
<label>Event ${select('kind', new Set(shown.map(({ event }) => event.event)))}</label>
</form>
${note}
<div class="table" id="panel" tabindex="0" role="region" aria-label="Table of events">
<table>
<thead><tr>${heads.join('')}</tr></thead>
${parts.map((part) => `<tbody>\n${part.join('\n')}\n</tbody>`).join('\n')}
</table>
</div>
</section>`
}

function select(id: string, values: Set<string>): string {
  const options = [...values].map((value) => `<option>${escapeXml(value)}</option>`)
  return `<select id="${id}"><option value="">all</option>${options.join('')}</select>`
}

function speaker({ name, tid }: Lane): string {
  return `${name || 'process'} ${tid}`
}

/** @param number counts from 1; `#e12` is the address of event 12 */
function row({ event, lane, held }: Step, number: number, start: number): string {
  const time = ((event.t - start) / 1e6).toFixed(6)
  const ends = held && held.first !== event
  const words = describe(event, undefined, ends ? event.t - held.begin : undefined)
  const whom = event.event === 'started' || event.event === 'exited' ? `${event.name} ${event.child}: ` : ''
  const way = event.event === 'sent' || event.event === 'received' ? ` over ${event.channel}` : ''
  const verdict = event.event === 'claim' ? (event.holds ? '✔ ' : '✘ claim failed: ') : ''
  const cells = [`${number}`, time, speaker(lane), event.event, verdict + whom + words + way]
  return `<tr id="e${number}">${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join('')}</tr>`
}
