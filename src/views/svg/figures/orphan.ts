/** How an orphan is adopted: the family before its parent dies, when it dies, and after the orphan itself has exited. */
import { counted, duration } from '../../../text.js'
import type { Story } from '../../story/index.js'
import { box, claimsOf, type Draw } from '../figure.js'
import { type Adoption, adoptionOf, ending, type Family, familiesOf, stateBefore } from './families.js'
import { drawPanel, type Member, type Panel } from './family.js'

/** Pixels between two generations, and the y coordinate of the claims: below five generations. */
const step = 74
const claimsTop = box.top + 400

const width = (box.right - box.left) / 3

export const drawOrphan: Draw = (story) => {
  if (!story.claims.some(({ id }) => id === 'orphan/is-adopted')) return undefined
  const [family] = familiesOf(story)
  const adoption = family && adoptionOf(story, family)
  if (!family || !adoption) return undefined
  const { child, parent } = family
  const move = { child: child.pid, old: parent.pid, adopter: adoption.ppid, t: adoption.t }
  const panels: Panel[] = [
    {
      title: 'Before',
      t: child.born,
      members: lineOf(adoption, family, `pid ${child.pid}`),
      claims: claimsOf(story, ['process/parent-is-who-started-it']),
    },
    {
      title: 'The parent dies',
      t: parent.end?.t ?? adoption.t,
      members: lineOf(adoption, family, `pid ${child.pid}, ${stateBefore(story, child, adoption.t)}`, true),
      move,
      claims: claimsOf(story, ['orphan/is-adopted', 'orphan/adopter-is-an-ancestor', 'orphan/continues']),
    },
    ...afterwards(story, family, adoption),
  ]
  const places = panels.map((panel, at) => ({ panel, x: box.left + at * width }))
  return {
    see: 'When a parent dies, another process adopts its child. See which edge moves.',
    parts: places.flatMap(({ panel, x }) =>
      drawPanel(story, panel, { x, y: box.top + 14, width, step, claims: claimsTop }),
    ),
    claims: panels.flatMap(({ claims }) => claims),
  }
}

/** From the adopter down to the child. @param died whether the parent has */
function lineOf(
  { ppid, name, between }: Adoption,
  { child, parent }: Family,
  about: string,
  died = false,
): [Member, ...Member[]] {
  const line: [Member, ...Member[]] = [{ pid: ppid, name, about: `pid ${ppid}` }]
  const add = (member: Member) => line.push({ parent: (line.at(-1) ?? member).pid, ...member })
  // A pid is never negative.
  if (between.length > 0)
    add({ pid: -1, name: `⋮ ${counted(between.length, 'process', 'processes')}`, about: '', folded: true })
  const grandparent = parent.parent
  if (grandparent && grandparent.pid !== ppid)
    add({ pid: grandparent.pid, name: grandparent.name, about: `pid ${grandparent.pid}` })
  add({
    pid: parent.pid,
    name: parent.name,
    about: died ? ending(parent) : `pid ${parent.pid}`,
    over: died,
  })
  add({ pid: child.pid, name: child.name, about, hero: true })
  return line
}

/** The orphan has exited: it is a zombie below its adopter, until that process reaps it. */
function afterwards(story: Story, { child }: Family, { ppid, name }: Adoption): Panel[] {
  const zombie = story.stays.find(({ lane, state }) => lane === child && state === 'zombie')
  const t = zombie?.from ?? child.gone
  if (t === undefined) return []
  const reaped = child.gone !== undefined
  const notes = [
    ...(zombie && reaped ? [`zombie for ${duration(zombie.to - zombie.from)},`] : []),
    reaped ? `then reaped by pid ${ppid}` : 'not yet reaped',
  ]
  return [
    {
      title: 'The orphan exits',
      t,
      members: [
        { pid: ppid, name, about: `pid ${ppid}` },
        {
          pid: child.pid,
          parent: ppid,
          name: child.name,
          about: zombie ? `pid ${child.pid}, zombie` : 'no longer exists',
          state: 'zombie',
          over: !zombie,
          hero: true,
          notes,
        },
      ],
      claims: claimsOf(story, ['orphan/can-be-terminated']),
    },
  ]
}
