/** The chapters of a tour: what each is about, how to play it alone, and how many of its claims hold. */
import { subject } from '../../describe-event.js'
import type { Story } from '../../story/index.js'
import { box, type Figure, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

const columns = 2
const apart = 40

/** Below it the lines of two chapters would touch. */
const leastHeight = 36

export function drawChapters(story: Story): Figure {
  const { chapters, claims, end } = story
  const most = columns * Math.floor((box.bottom - box.top) / leastHeight)
  const shown = chapters.slice(0, most)
  const perColumn = Math.ceil(shown.length / columns)
  const height = Math.min(60, (box.bottom - box.top) / perColumn)
  const width = (box.right - box.left - apart * (columns - 1)) / columns
  const parts = shown.map(({ t, run }, at) => {
    const next = chapters[at + 1]?.t ?? end + 1
    const own = claims.filter((claim) => claim.t >= t && claim.t < next)
    const good = own.filter(({ holds }) => holds).length
    const x = box.left + Math.floor(at / perColumn) * (width + apart)
    const y = box.top + 16 + (at % perColumn) * height
    const title = run.title ?? run.command.join(' ')
    const [sign, kind] = good === own.length ? ['✔', 'good'] : ['✘', 'bad']
    const words = [
      textAt(x + 24, y, `${at + 1}`, 'name', 'end'),
      textAt(x + 36, y, fitted(title.charAt(0).toUpperCase() + title.slice(1), width - 190, 16), 'name'),
      textAt(x + 36, y + 18, fitted(subject(run.command), width - 190, 14), 'small dim'),
      textAt(x + width - 128, y, sign, kind),
      textAt(x + width - 108, y, `${good} of ${own.length} claims`, 'small'),
    ]
    return element('g', { 'data-chapter': at + 1, ...when(story, t) }, words.join(''))
  })
  return {
    title: 'The chapters of the tour',
    see: 'What each chapter is about, how to play it alone, and how many of its claims hold in this run.',
    parts,
    claims: [],
  }
}
