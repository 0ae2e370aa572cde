/** The states of a process as a diagram: which state follows which, how often, and after how much time. */
import type { ProcessState } from '../../events.js'
import { counted, duration } from '../../text.js'
import type { Lane, Stay, Story } from '../story/index.js'
import { label } from './text.js'

/** With fewer changes of state, a sequence diagram shows more of the run. */
const leastChanges = 3

/** The most processes of one diagram. */
const mostProcesses = 6

/** Undefined where messages or something else is more important in the story than states. */
export function drawStates({ lanes, stays, arrows, steps }: Story): string | undefined {
  if (arrows.length > 0 || steps.some(({ event }) => event.event === 'tally')) return undefined
  const lives = lanes
    .map((lane) => ({ lane, life: stays.filter((stay) => stay.lane === lane) }))
    .filter(({ life }) => life.length > leastChanges)
  const kinds = (life: Stay[]) => new Set(life.map(({ state }) => state)).size
  const most = lives.reduce((max, { life }) => Math.max(max, kinds(life)), 2)
  // The processes that the run is about pass through most states.
  const shown = lives.filter(({ life }) => kinds(life) === most).slice(0, mostProcesses)
  if (shown.length === 0) return undefined
  const parts = shown.flatMap(({ lane, life }) => {
    const name = label(`${lane.name || 'process'} ${lane.tid}`)
    return [`state "${name}" as p${lane.index} {`, ...drawLife(lane, life).map((line) => `  ${line}`), '}']
  })
  return `${['stateDiagram-v2', ...parts.map((line) => `  ${line}`)].join('\n')}\n`
}

function drawLife(lane: Lane, life: readonly Stay[]): string[] {
  const times = new Map<ProcessState, { stays: number; time: number }>()
  const changes = new Map<string, { from: string; to: string; times: number; time: number }>()
  const first = life[0] ? [`[*] --> ${id(lane, life[0].state)}`] : []
  life.forEach(({ state, from, to }, at) => {
    if (state === 'gone') return
    const sum = times.get(state) ?? { stays: 0, time: 0 }
    times.set(state, { stays: sum.stays + 1, time: sum.time + to - from })
    // The last state that was seen need not be the one in which the process terminated, unless it is a zombie.
    const next = life[at + 1]?.state ?? (lane.end && state === 'zombie' ? 'gone' : undefined)
    if (next === undefined) return
    const edge = { from: id(lane, state), to: next === 'gone' ? '[*]' : id(lane, next) }
    const key = `${edge.from} ${edge.to}`
    const known = changes.get(key) ?? { ...edge, times: 0, time: 0 }
    changes.set(key, { ...known, times: known.times + 1, time: known.time + to - from })
  })
  const states = [...times].flatMap(([state, { stays, time }]) => [
    `${id(lane, state)}: ${state}`,
    `${id(lane, state)}: ${label(`${duration(time)} in ${counted(stays, 'stay')}`)}`,
  ])
  const edges = [...changes.values()].map(({ from, to, times, time }) => {
    const often =
      times === 1
        ? `once, after ${duration(time)}`
        : `${times} times, each after about ${duration(time / times)}`
    return `${from} --> ${to}: ${label(often)}`
  })
  return [...states, ...first, ...edges]
}

/** A state of a process, as a name for Mermaid. */
const id = (lane: Lane, state: string) => `p${lane.index}_${state}`
