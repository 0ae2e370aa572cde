/**
 * The run as one self-contained page: the picture beside a table of all events, which can be played together, and the
 * claims with their evidence.
 *
 * The text of messages is escaped. Should that ever fail, the content security policy of the page still allows no
 * script but its own, and no resource from anywhere else.
 */
import { createHash } from 'node:crypto'
import type { FindingFact } from '../../events.js'
import { versions } from '../describe-event.js'
import { type Claim, type Story, tellChapters } from '../story/index.js'
import { nameOf } from '../svg/index.js'
import { escapeXml } from '../svg/parts.js'
import { style as pictureStyle } from '../svg/style.js'
import { createEnding } from '../verdict.js'
import { eventsSection, eventsShown, mostRows } from './events.js'
import { pictureSection } from './picture.js'
import { pageScript } from './script.js'
import { pageStyle } from './style.js'

/** @param story with the events of detail among its steps */
export function drawPage(story: Story): string {
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
<nav aria-label="Parts of the page"><a href="#picture">Picture</a><a href="#events">Events</a><a href="#claims">Claims</a></nav>
<p class="about">${about}</p>
</header>
<main>
<div class="stage" id="stage">
${pictureSection(tellChapters(story), story.start, eventsShown(story).length)}
${eventsSection(story)}
</div>
${findingsSection(story)}${claimsSection(story)}
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

/** What is wrong with the program. Empty where nothing was found. */
function findingsSection({ steps }: Story): string {
  const items = steps.flatMap(({ event }, at) =>
    event.event === 'finding' ? [findingItem(event, at + 1)] : [],
  )
  if (items.length === 0) return ''
  return `<section aria-labelledby="findings">
<h2 id="findings" tabindex="-1">Findings</h2>
<ol class="claims">
${items.join('\n')}
</ol>
</section>
`
}

function findingItem({ id, certain, text, evidence }: FindingFact, number: number): string {
  const calls = evidence.map(
    ({ source, value }) => `<li><code>${escapeXml(value)}</code> <small>${escapeXml(source)}</small></li>`,
  )
  const verdict = `<b class="fails">${certain ? '✘' : '?'} ${escapeXml(id)}${certain ? '' : ' (likely)'}</b>`
  return `<li data-finding="${escapeXml(id)}">${verdict} ${escapeXml(text)}${eventLink(number)}\n<ul>${calls.join('')}</ul></li>`
}

/** A link to a row of the table of events, if it has that row. */
function eventLink(number: number): string {
  return number <= mostRows ? ` <a href="#e${number}">event ${number}</a>` : ''
}

function claimsSection({ claims, steps }: Story): string {
  const good = claims.filter(({ holds }) => holds).length
  const ending = createEnding()
  for (const { event } of steps) ending.see(event)
  const sum = ending.sum(claims.length, good) || 'This run has no claims.'
  const numbers = steps.flatMap(({ event }, at) => (event.event === 'claim' ? [at + 1] : []))
  const items = claims.map((claim, at) => claimItem(claim, numbers[at] ?? 0))
  const list = items.length > 0 ? `\n<ol class="claims">\n${items.join('\n')}\n</ol>` : ''
  return `<section aria-labelledby="claims">
<h2 id="claims" tabindex="-1">Claims</h2>
<p>${sum}</p>${list}
</section>`
}

/** @param number of its event */
function claimItem({ id, holds, text, evidence }: Claim, number: number): string {
  const verdict = holds ? '<b class="holds">✔ holds</b>' : '<b class="fails">✘ failed</b>'
  const items = evidence.map(
    ({ about, value, source }) =>
      `<li>${escapeXml(about)}: <code>${escapeXml(value)}</code> <small>${escapeXml(source)}</small></li>`,
  )
  const list = items.length > 0 ? `\n<ul>${items.join('')}</ul>` : ''
  const named = id ? ` data-claims="${escapeXml(id)}"` : ''
  return `<li${named}>${verdict} ${escapeXml(text)}${eventLink(number)}${list}</li>`
}
