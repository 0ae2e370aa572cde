/** The picture, and the player that steps and plays through it. */
import type { Story } from '../story/index.js'
import { drawSlide, drawTimelineBeside, nameOf } from '../svg/index.js'
import { escapeXml } from '../svg/parts.js'

/** How fast the player can be: so many events a second, the slowest first, or so many times as fast as the run was. */
const speeds = [
  { unit: 'events', rate: 1, text: '1 event a second' },
  { unit: 'events', rate: 5, text: '5 events a second' },
  { unit: 'events', rate: 50, text: '50 events a second' },
  { unit: 'times', rate: 0.01, text: '100 times slower' },
  { unit: 'times', rate: 0.1, text: '10 times slower' },
  { unit: 'times', rate: 1, text: 'as in the run' },
  { unit: 'times', rate: 10, text: '10 times faster' },
]

const buttons = {
  first: 'First',
  back: 'Back',
  backward: 'Play backward',
  play: 'Play',
  next: 'Next',
  last: 'Last',
}

/**
 * @param shown what the picture shows: the whole run, or each chapter of it
 * @param start the time of the first event of the page, in microseconds
 * @param rows how many events the table has
 */
export function pictureSection(shown: readonly Story[], start: number, rows: number): string {
  const slides = shown.map((story) => picture(story, start, 'Picture', drawSlide(story)))
  const timelines = shown.map((story) => picture(story, start, 'Timeline', drawTimelineBeside(story)))
  return `<section aria-labelledby="picture">
<div class="tools"><h2 id="picture" tabindex="-1">Picture</h2>
${shown.length > 1 ? chapterChoice(shown) : ''}
<button type="button" data-zoom="0.5" data-script hidden>Narrower</button>
<button type="button" data-zoom="2" data-script hidden>Wider</button></div>
${slides.join('\n')}
${player(rows)}
<p id="detail"></p>
${timelines.join('\n')}
</section>`
}

/** A picture of a run or chapter, with the time at which that begins; empty where there is none. */
function picture(story: Story, start: number, kind: string, svg: string | undefined): string {
  if (svg === undefined) return ''
  const label = `${kind} of ${escapeXml(nameOf(story))}; all of it is also in the table of events`
  return `<div class="picture" data-from="${story.start - start}" tabindex="0" role="region" aria-label="${label}">
${svg}
</div>`
}

function chapterChoice(shown: readonly Story[]): string {
  const options = shown.map((story) => `<option>${escapeXml(nameOf(story))}</option>`)
  return `<label data-script hidden>Chapter <select id="chapter">${options.join('')}</select></label>`
}

/** The script shows it. */
function player(rows: number): string {
  const options = speeds.map(
    ({ unit, rate, text }) => `<option data-unit="${unit}" data-rate="${rate}">${text}</option>`,
  )
  const button = ([id, text]: string[]) => `<button type="button" id="${id}">${text}</button>`
  const end = Math.max(rows, 1) - 1
  return `<div class="tools" id="player" role="group" aria-label="Player" hidden>
<input type="range" id="position" aria-label="Event" min="0" max="${end}" value="0">
${Object.entries(buttons).map(button).join('\n')}
<label>Speed <select id="speed">${options.join('')}</select></label>
</div>
<p id="current" aria-live="polite" data-script hidden>Play the run, or choose an event.</p>
<p class="keys" data-script hidden><kbd>Space</kbd> plays and pauses, <kbd>Shift</kbd> <kbd>Space</kbd> plays backward.
<kbd>→</kbd> and <kbd>←</kbd> choose the next event and the one before, <kbd>Home</kbd> and <kbd>End</kbd> the first and the last.
The address of the page then names the event.</p>`
}
