/**
 * A slide of the run: the figure of its topic, or where there is none, the timeline. A title says the topic, a line says what to
 * see, and the last line says where the picture comes from.
 */
import { counted, duration } from '../../text.js'
import { subject, versions } from '../describe-event.js'
import type { Story } from '../story/index.js'
import { box, type Figure, slide } from './figure.js'
import { drawChapters } from './figures/chapters.js'
import { figures } from './figures/index.js'
import { element, fitted, textAt, widthOf, wrapped } from './parts.js'
import { style } from './style.js'
import { drawTimeline } from './timeline/index.js'

/** The picture of the topic: the element `svg`. */
export function drawSlide(story: Story): string {
  return frame(story, figureOf(story) ?? drawTimeline(story))
}

/** The timeline, where {@link drawSlide} draws another figure; the element `svg`, or undefined. */
export function drawTimelineBeside(story: Story): string | undefined {
  return figureOf(story) && frame(story, drawTimeline(story))
}

/** A story with chapters, as of the tour, has many topics. */
function figureOf(story: Story): Figure | undefined {
  if (story.chapters.length > 0) return drawChapters(story)
  for (const draw of figures) {
    const figure = draw(story)
    if (figure) return figure
  }
  return undefined
}

function frame(story: Story, figure: Figure): string {
  const { width, height } = slide
  const { lanes, steps, claims, start, end } = story
  const name = nameOf(story)
  const title = figure.title ?? titleOf(story) ?? name
  const about = `${counted(lanes.length, 'lane')}, ${counted(steps.length, 'event')} in ${duration(end - start)}`
  const good = claims.filter(({ holds }) => holds).length
  const parts = [
    element('rect', { width, height, class: 'paper' }),
    textAt(box.left, 54, fitted(title, box.right - box.left, 32), 'title'),
    ...lines(figure.see ?? openingOf(story) ?? '', 84),
    ...figure.parts,
    ...foot(story, figure, name),
  ]
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'aria-label': `${title}. ${name}: ${about}; ${good} of ${counted(claims.length, 'claim')} hold`,
  }
  return element('svg', attributes, `\n<style>${style}</style>\n${parts.join('\n')}\n`)
}

function lines(text: string, y: number): string[] {
  return wrapped(text, box.right - box.left, 18, 2).map((line, at) =>
    textAt(box.left, y + at * 22, line, 'see dim'),
  )
}

/** The title of the run, where all of the story is one run. */
function titleOf({ runs }: Story): string | undefined {
  const [run] = runs
  return runs.length === 1 && run?.title
    ? `${run.title.charAt(0).toUpperCase()}${run.title.slice(1)}`
    : undefined
}

function openingOf({ steps }: Story): string | undefined {
  for (const { event } of steps) if (event.event === 'note' && event.role === 'opening') return event.text
  return undefined
}

/** The command of the run. */
export function nameOf({ runs, chapters }: Story): string {
  const inside = new Set(chapters.map(({ run }) => run))
  const names = [...new Set(runs.filter((run) => !inside.has(run)).map(({ command }) => subject(command)))]
  return names.join(' + ') || 'osdemo'
}

/** The last line: the command and the machine. Above it, what failed and is not in the figure. */
function foot(story: Story, { claims: shown }: Figure, name: string): string[] {
  const [run] = story.runs
  const origin = run ? `${name} · ${versions(run)}, ${run.wall}` : name
  const failures = story.steps.flatMap(({ event }) =>
    // 128 and the number of a signal: the user ended the run.
    event.event === 'error' ? [`The run ${event.exit > 128 ? 'was' : 'failed:'} ${event.message}.`] : [],
  )
  const failed = story.claims.filter((claim) => !claim.holds && !shown.includes(claim))
  const alarm = [...failures, ...failed.map(({ text }) => `✘ claim failed: ${text}`)].join(' ')
  const room = (box.right - box.left) / (alarm ? 2 : 1)
  // What failed needs the room that the versions have otherwise.
  const text = fitted(alarm ? name : origin, room - 20, 14)
  const ids = failed.flatMap(({ id }) => id ?? []).join(' ') || undefined
  const left = alarm ? box.left + Math.min(widthOf(text, 14) + 24, room) : box.right
  return [
    textAt(box.left, 704, text, 'small dim'),
    ...(alarm
      ? [
          element(
            'g',
            { 'data-claims': ids },
            textAt(left, 704, fitted(alarm, box.right - left, 14), 'small bad'),
          ),
        ]
      : []),
  ]
}
