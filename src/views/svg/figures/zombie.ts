/** Zombies: a child whose parent reaps it late, and one whose parent never does. A row of three moments for each. */
import { numberIn } from '../../../events.js'
import { counted, duration, size } from '../../../text.js'
import type { Claim, Lane, Stay, Story } from '../../story/index.js'
import { box, type Draw } from '../figure.js'
import { adoptionOf, ending, type Family, familiesOf } from './families.js'
import { drawPanel, type Member, type Panel } from './family.js'

/** Pixels between two generations. */
const step = 62

const width = (box.right - box.left) / 3

/** Where the rows begin, and how far below that their claims do. */
const rows = [
  { y: box.top + 14, claims: 158 },
  { y: box.top + 290, claims: 216 },
]

export const drawZombie: Draw = (story) => {
  if (!story.claims.some(({ id }) => id === 'zombie/keeps-its-pid')) return undefined
  const panels = familiesOf(story)
    .slice(0, rows.length)
    .map((family) => momentsOf(story, family))
  if (panels.length === 0) return undefined
  return {
    see: 'A process that has exited is a zombie until a parent reaps it. See what is left of it.',
    parts: panels.flatMap((row, at) => {
      const { y, claims } = rows[at] ?? { y: 0, claims: 0 }
      return row.flatMap((panel, column) =>
        drawPanel(story, panel, { x: box.left + column * width, y, width, step, claims: y + claims }),
      )
    }),
    claims: panels.flat().flatMap(({ claims }) => claims),
  }
}

/** The family before the child exits, while the child is a zombie, when the parent dies, and when the zombie is reaped. */
function momentsOf(story: Story, family: Family): Panel[] {
  const { child, parent } = family
  const zombie = story.stays.find(({ lane, state }) => lane === child && state === 'zombie')
  const adoption = adoptionOf(story, family)
  const above: Member = { pid: parent.pid, name: parent.name, about: `pid ${parent.pid}` }
  const below: Member = {
    pid: child.pid,
    parent: parent.pid,
    name: child.name,
    about: `pid ${child.pid}`,
    hero: true,
  }
  const panels: Panel[] = []
  if (!zombie || !adoption) {
    const notes = remainsOf(story, child.born, child)
    panels.push({
      title: 'The child lives',
      t: child.born,
      members: [above, { ...below, notes }],
      claims: [],
    })
  }
  if (!zombie) return panels
  const dead: Member = { ...below, state: 'zombie', about: `pid ${child.pid}, zombie` }
  const left = [...remainsOf(story, zombie.from, child), ...statusOf(story, child)]
  const stop = story.stays.find(({ lane, state }) => lane === parent && state === 'stopped')
  const waits = stop ? `pid ${parent.pid}, stopped` : `pid ${parent.pid}`
  panels.push({
    title: adoption ? 'A parent that never calls wait(2)' : 'The child exits: a zombie',
    t: zombie.from,
    members: [
      { ...above, about: waits, ...(stop && { state: 'stopped' }) },
      { ...dead, notes: left },
    ],
    claims: claimsAbout(story, zombie, [
      'zombie/has-no-memory-or-files',
      'zombie/sigkill-does-not-remove-it',
      'zombie/killed-process-becomes-one',
    ]),
  })
  if (adoption) {
    const { ppid, name, t } = adoption
    panels.push({
      title: 'The parent dies, the zombie stays',
      t: parent.end?.t ?? t,
      members: [
        { pid: ppid, name, about: `pid ${ppid}` },
        { ...above, parent: ppid, far: true, about: ending(parent), over: true },
        dead,
      ],
      move: { child: child.pid, old: parent.pid, adopter: ppid, t },
      claims: claimsAbout(story, zombie, ['zombie/is-adopted-when-parent-dies']),
    })
  }
  if (child.gone === undefined) return panels
  const reaper = adoption
    ? { ...above, pid: adoption.ppid, name: adoption.name, about: `pid ${adoption.ppid}` }
    : above
  const time = duration(child.gone - zombie.from)
  panels.push({
    title: adoption ? 'The new parent reaps it' : 'The parent calls wait(2)',
    t: child.gone,
    members: [
      reaper,
      {
        ...below,
        parent: reaper.pid,
        about: 'no longer exists',
        over: true,
        notes: [`a zombie for ${time}`],
      },
    ],
    claims: adoption
      ? []
      : claimsAbout(story, zombie, ['zombie/parent-gets-exit-code', 'zombie/is-gone-when-reaped']),
  })
  return panels
}

/** The claims with these ids, as far as they were made from the exit of a child on until the next family. */
function claimsAbout(story: Story, { from }: Stay, ids: readonly string[]): Claim[] {
  const { claims } = story
  const to = familiesOf(story).find(({ child }) => child.born > from)?.child.born ?? story.end
  return ids.flatMap(
    (id) => claims.find((claim) => claim.id === id && claim.t >= from && claim.t <= to) ?? [],
  )
}

/** What the kernel keeps for a process, in words, from the first report since a time. */
function remainsOf({ steps }: Story, since: number, child: Lane): string[] {
  for (const { event, about } of steps) {
    if (event.event !== 'evidence' || about !== child || event.t < since) continue
    const files = numberIn(event.data, 'files')
    if (files === undefined) continue
    const bytes = numberIn(event.data, 'bytes')
    return [
      bytes === undefined ? 'no memory' : `${size(bytes)} of memory`,
      files === 0 ? 'no open files' : counted(files, 'open file'),
    ]
  }
  return []
}

/** What the kernel keeps for the parent. */
function statusOf({ steps }: Story, child: Lane): string[] {
  for (const { event, about } of steps) {
    if (event.event !== 'evidence' || about !== child) continue
    const status = numberIn(event.data, 'status')
    if (status === undefined) continue
    // As man 2 wait describes it: the signal in the lowest 7 bits, the exit code above the lowest 8.
    const signal = status & 127
    return [signal === 0 ? `exit code ${(status >> 8) & 255} kept` : `signal ${signal} kept`]
  }
  return []
}
