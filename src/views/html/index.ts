/**
 * The run as one self-contained page: the picture, the claims with their evidence, and a table of all events that can
 * be searched.
 *
 * The text of messages is escaped. Should that ever fail, the content security policy of the page still allows no
 * script but its own, and no resource from anywhere else.
 */
import { createHash } from 'node:crypto'
import { counted } from '../../text.js'
import { describe, versions } from '../describe-event.js'
import type { Claim, Lane, Step, Story } from '../story/index.js'
import { drawSlide, nameOf } from '../svg/index.js'
import { escapeXml } from '../svg/parts.js'
import { style as pictureStyle } from '../svg/style.js'
import { createEnding } from '../verdict.js'
import { pageScript, pageStyle } from './page.js'

/** A browser becomes slow with more rows. */
const mostRows = 20_000

/** @param shown the part of the story that the picture shows */
export function drawPage(story: Story, shown: Story): string {
  const name = escapeXml(nameOf(story))
  const [run] = story.runs
  const about = run ? escapeXml(`${versions(run)}, ${run.wall}`) : ''
  const [scripts, styles] = [hashOf(pageScript), `${hashOf(pageStyle)} ${hashOf(pictureStyle)}`]
  const policy = `default-src 'none'; img-src data:; script-src ${scripts}; style-src ${styles}; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${name}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>${name}</h1>
<p class="about">${about}</p>
<p><a href="#claims">Claims</a> <a href="#events">Events</a></p>
</header>
<main>
${timelineSection(shown)}
${claimsSection(story)}
${eventsSection(story)}
</main>
<script>${pageScript}</script>
</body>
</html>
`
}

/** The hash by which a content security policy names a script or style. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

function timelineSection(story: Story): string {
  return `<section aria-labelledby="timeline">
<h2 id="timeline">Timeline</h2>
<div class="tools" hidden>
<button type="button" data-zoom="0.5">Narrower</button>
<button type="button" data-zoom="2">Wider</button>
<span>Point at something to see what it is.</span>
</div>
<div class="picture" tabindex="0" role="region" aria-label="Timeline; all of it is also in the table of events">
${drawSlide(story)}
</div>
<pre id="detail" aria-live="polite"></pre>
</section>`
}

function claimsSection({ claims, steps }: Story): string {
  const good = claims.filter(({ holds }) => holds).length
  const ending = createEnding()
  for (const { event } of steps) ending.see(event)
  const sum = ending.sum(claims.length, good) || 'This run has no claims.'
  return `<section aria-labelledby="claims">
<h2 id="claims" tabindex="-1">Claims</h2>
<p>${sum}</p>
<ol class="claims">
${claims.map(claimItem).join('\n')}
</ol>
</section>`
}

function claimItem({ id, holds, text, evidence }: Claim): string {
  const verdict = holds ? '<b class="holds">✔ holds</b>' : '<b class="fails">✘ failed</b>'
  const items = evidence.map(
    ({ about, value, source }) =>
      `<li>${escapeXml(about)}: <code>${escapeXml(value)}</code> <small>${escapeXml(source)}</small></li>`,
  )
  const list = items.length > 0 ? `\n<ul>${items.join('')}</ul>` : ''
  const named = id ? ` data-claims="${escapeXml(id)}"` : ''
  return `<li${named}>${verdict} ${escapeXml(text)}${list}</li>`
}

function eventsSection(story: Story): string {
  const { steps, start } = story
  const shown = steps.slice(0, mostRows)
  const left = steps.length - shown.length
  const note =
    left > 0
      ? `<p>This table leaves out the last ${counted(left, 'event')}. FILE.ndjson has all of them.</p>`
      : ''
  return `<section aria-labelledby="events">
<h2 id="events" tabindex="-1">Events</h2>
<form class="tools" role="search" hidden>
<label>Search <input id="words" type="search" autocomplete="off"></label>
<label>Who ${select('who', new Set(shown.map((step) => speaker(step.lane))))}</label>
<label>Event ${select('kind', new Set(shown.map(({ event }) => event.event)))}</label>
</form>
<p id="shown" role="status">${counted(shown.length, 'event')}</p>
${note}
<div class="table" tabindex="0" role="region" aria-labelledby="events">
<table>
<thead><tr><th scope="col">Seconds</th><th scope="col">Who</th><th scope="col">Event</th><th scope="col">What</th></tr></thead>
<tbody>
${shown.map((step) => row(step, start)).join('\n')}
</tbody>
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

function row({ event, lane, held }: Step, start: number): string {
  const time = ((event.t - start) / 1e6).toFixed(6)
  const ends = held && held.first !== event
  const words = describe(event, undefined, ends ? event.t - held.begin : undefined)
  const whom = event.event === 'started' || event.event === 'exited' ? `${event.name} ${event.child}: ` : ''
  const way = event.event === 'sent' || event.event === 'received' ? ` over ${event.channel}` : ''
  const verdict = event.event === 'claim' ? (event.holds ? '✔ ' : '✘ claim failed: ') : ''
  const cells = [time, speaker(lane), event.event, verdict + whom + words + way]
  return `<tr>${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join('')}</tr>`
}
