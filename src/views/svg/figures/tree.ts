/** The process tree: a process, its ancestors up to the root, and its descendants. */
import { numberIn, type ProcessState } from '../../../events.js'
import { counted } from '../../../text.js'
import { processIn } from '../../pages/process-tree.js'
import type { Story } from '../../story/index.js'
import { box, type Draw } from '../figure.js'
import { textAt } from '../parts.js'
import { claimsBeside } from './beside.js'
import { drawFamily, type Member } from './family.js'

/** At most so many generations and boxes side by side have room. */
const mostGenerations = 8
const mostLeaves = 5

/** Claims are to the right of the tree. */
const claimsLeft = 950

/** At most so many processes are looked at. */
const mostProcesses = 200

/** What the kernel's letters mean, and how a box shows it. The kernel has one letter for running and ready. */
const letters = new Map<string, { state: ProcessState; means: string }>([
  ['R', { state: 'running', means: 'running or ready' }],
  ['S', { state: 'waiting', means: 'waiting' }],
  ['D', { state: 'waiting', means: 'waiting, and takes no signals' }],
  ['I', { state: 'waiting', means: 'idle thread of the kernel' }],
  ['T', { state: 'stopped', means: 'stopped' }],
  ['t', { state: 'stopped', means: 'traced' }],
  ['Z', { state: 'zombie', means: 'zombie' }],
])

export const drawTree: Draw = (story) => {
  const seen = seenIn(story)
  const [asked] = seen.values()
  if (!asked || seen.size < 2) return undefined
  const line = lineage(seen, asked)
  const members = withFewLeaves(withShortLine([...seen.values()], line), asked, undrawnIn(story))
  const root = members.find(({ pid }) => pid === line.at(-1)?.pid)
  if (!root) return undefined
  const ordered: [Member, ...Member[]] = [root, ...members.filter((member) => member !== root)]
  const generations = Math.max(...ordered.map((member) => depthOf(ordered, member))) + 1
  const step = Math.min(80, (box.bottom - box.top - 90) / Math.max(generations - 1, 1))
  const top = { x: (box.left + claimsLeft - 20) / 2, y: box.top + 28, step }
  const { parts, places } = drawFamily(story, ordered, top)
  const used = [...new Set([...seen.values()].map(({ letter }) => letter))]
  const legend = used.flatMap((letter) => {
    const known = letters.get(letter)
    return known ? `${letter}: ${known.means}` : []
  })
  const middle = (top.y + (places.get(asked.pid)?.y ?? top.y)) / 2
  const below = (places.get(asked.pid)?.y ?? top.y) + step
  const beside = claimsBeside(
    story,
    [
      {
        y: top.y,
        ids: ['process/ancestry-ends-at-pid-1', 'process/kernel-threads-descend-from-pid-2'],
      },
      { y: middle, ids: ['process/is-younger-than-its-parent'] },
      { y: below, ids: ['process/parent-is-who-started-it', 'process/kernel-lists-all-descendants'] },
    ],
    claimsLeft,
  )
  return {
    see: 'Every process has one parent. Follow the edges from any process up to the root of the tree.',
    parts: [...parts, ...beside.parts, textAt(box.left, box.bottom - 2, legend.join('; '), 'small dim')],
    claims: beside.claims,
  }
}

interface Seen extends Member {
  letter: string
}

/** The processes that the story shows, by pid. The first is the one that the tree is about. */
function seenIn({ steps, runs }: Story): Map<number, Seen> {
  const seen = new Map<number, Seen>()
  for (const { event } of steps) {
    const found = event.event === 'evidence' ? processIn(event.data) : undefined
    if (!found || seen.has(found.pid) || seen.size >= mostProcesses) continue
    const { pid, ppid, comm, state: letter } = found
    const name = runs.some((run) => run.pid === pid) ? 'osdemo' : comm
    const state = letters.get(letter)?.state
    seen.set(pid, {
      pid,
      parent: ppid,
      name,
      about: `pid ${pid}, ${letter}`,
      letter,
      hero: seen.size === 0,
      t: event.t,
      ...(state && { state }),
    })
  }
  return seen
}

/** The process, its parent and so on, as far as they were seen. */
function lineage(seen: Map<number, Seen>, process: Seen): Seen[] {
  const line = [process]
  for (let one = seen.get(process.parent ?? 0); one && !line.includes(one); one = seen.get(one.parent ?? 0))
    line.push(one)
  return line
}

/** Replaces ancestors in the middle where the tree would have too many generations. */
function withShortLine(members: Seen[], line: Seen[]): Member[] {
  const below = Math.max(...members.map((member) => depthOf(members, member))) + 1 - line.length
  const extra = line.length + below - mostGenerations
  if (extra <= 0 || line.length < 4) return members
  // One place is for the sign, and the root and the process itself stay.
  const left = line.slice(1, -1).slice(-Math.min(extra + 1, line.length - 2))
  const [lowest] = left
  const highest = left.at(-1)
  if (!lowest || !highest) return members
  const sign: Member = {
    pid: -1,
    ...(highest.parent !== undefined && { parent: highest.parent }),
    name: `⋮ ${counted(left.length, 'process', 'processes')}`,
    about: '',
    folded: true,
  }
  const kept: Member[] = members.filter((member) => !left.includes(member))
  return [...kept.map((member) => (member.parent === lowest.pid ? { ...member, parent: -1 } : member)), sign]
}

/** How many of its ancestors are among the members. */
function depthOf(members: readonly Member[], member: Member): number {
  const seen = new Set([member])
  let depth = 0
  for (let above = parentOf(members, member); above && !seen.has(above); above = parentOf(members, above)) {
    seen.add(above)
    depth++
  }
  return depth
}

function parentOf(members: readonly Member[], { parent }: Member): Member | undefined {
  return members.find(({ pid }) => pid === parent)
}

/** Replaces the last leaves by a number where there are too many. @param undrawn how many descendants the demo has not shown */
function withFewLeaves(members: readonly Member[], asked: Member, undrawn: number): Member[] {
  let kept = [...members]
  const folded = new Map<number, number>(undrawn > 0 ? [[asked.pid, undrawn]] : [])
  const isLeaf = ({ pid }: Member) => !folded.has(pid) && !kept.some(({ parent }) => parent === pid)
  while (kept.filter(isLeaf).length + folded.size > mostLeaves) {
    const last = kept.findLast((member) => member.pid !== asked.pid && isEmpty(kept, member))
    if (last?.parent === undefined) break
    kept = kept.filter((member) => member !== last)
    folded.set(last.parent, (folded.get(last.parent) ?? 0) + 1 + (folded.get(last.pid) ?? 0))
    folded.delete(last.pid)
  }
  const signs = [...folded].map(
    ([parent, number], at): Member => ({
      pid: -2 - at,
      parent,
      name: `and ${number} more`,
      about: '',
      folded: true,
    }),
  )
  return [...kept, ...signs]
}

function isEmpty(members: readonly Member[], { pid }: Member): boolean {
  return !members.some(({ parent }) => parent === pid)
}

function undrawnIn({ steps }: Story): number {
  for (const { event } of steps) {
    const undrawn = event.event === 'note' ? numberIn(event.data, 'undrawn') : undefined
    if (undrawn !== undefined) return undrawn
  }
  return 0
}
