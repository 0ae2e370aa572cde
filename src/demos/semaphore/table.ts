/** The processes of examples/philosophers.c, and what they have printed. All of them share the stdout of their parent. */
import type { Stage } from '../../run/stage.js'
import { printedNothing } from '../shared/line-program.js'
import { signalName } from '../shared/signal-name.js'

export const people = 5

export interface Philosopher {
  /** Its left fork has the same number. */
  place: number
  id: number
  name: string
}

export interface Table {
  philosophers: readonly Philosopher[]
  /** Whether all of them have ended. */
  hasEnded(): boolean
  /** Waits until then, and lets their parent exit. */
  end(): Promise<void>
  mealsOf(place: number): number
  /** How many ate at the same time at most, and how often one of them had a neighbour that did. */
  eating(): { together: number; neighbours: number }
}

/** How long it may take until they have started, or eaten, in milliseconds. */
const patience = 10_000

/** @throws DemoFailed where there are not five of them */
export async function startTable(stage: Stage, words: string[]): Promise<Table> {
  const philosophers: Philosopher[] = []
  const dined: string[][] = []
  let left = people
  const take = (line: string, parent: number) => {
    const [, place, pid] = /^philosopher (\d) is process (\d+)$/.exec(line) ?? []
    if (place !== undefined) {
      const one = { place: Number(place), id: Number(pid), name: `P${place}` }
      philosophers.push(one)
      stage.say({ event: 'started', child: one.id, name: one.name, kind: 'process', parent })
    }
    const [, ...meal] = /^philosopher (\d) (eats|has eaten)$/.exec(line) ?? []
    if (meal.length > 0) dined.push(meal)
    const [, dead, code, signal] =
      /^process (\d+) (?:exited with code (\d+)|was killed by signal (\d+))$/.exec(line) ?? []
    const child = philosophers.find(({ id }) => id === Number(dead))
    if (!child) return
    left -= 1
    const how =
      code === undefined
        ? { code: null, signal: signalName(Number(signal)) }
        : { code: Number(code), signal: null }
    stage.say({ event: 'exited', child: child.id, name: child.name, kind: 'process', ...how })
  }
  // The first lines may come before the pid of the parent is known.
  const early: string[] = []
  let parentId: number | undefined
  const parent = await stage.startProgram('parent', words, (line) => {
    if (parentId === undefined) early.push(line)
    else take(line, parentId)
  })
  parentId = parent.id
  for (const line of early) take(line, parent.id)
  let isOver = false
  const over = () => {
    isOver = true
  }
  // It rejects when the stage is over before the program is.
  parent.ended.then(over, over)
  const isSeated = await stage.poll(() => philosophers.length === people || isOver, patience)
  if (!isSeated || philosophers.length !== people) throw printedNothing('parent', words)
  return {
    philosophers,
    hasEnded: () => left === 0,
    async end() {
      await stage.poll(() => left === 0 || isOver, patience)
      parent.tell('exit')
      await stage.poll(() => isOver, patience)
    },
    mealsOf: (place) => dined.filter(([who, what]) => Number(who) === place && what !== 'eats').length,
    eating: () => eatingIn(dined),
  }
}

/** They print both lines while they have both forks, so the lines are in the order of what happened. */
function eatingIn(lines: string[][]): { together: number; neighbours: number } {
  const eating = new Set<number>()
  let [together, neighbours] = [0, 0]
  for (const [who, what] of lines) {
    const place = Number(who)
    if (what !== 'eats') {
      eating.delete(place)
      continue
    }
    const beside = [(place + 1) % people, (place + people - 1) % people]
    neighbours += beside.filter((each) => eating.has(each)).length
    eating.add(place)
    together = Math.max(together, eating.size)
  }
  return { together, neighbours }
}
