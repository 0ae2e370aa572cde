/** The dining philosophers: five processes, five semaphores, a deadlock, and an order that prevents it. */
import { isAlive, readStat, type Stat } from '../../proc/stat.js'
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { createWorld } from '../../why/snapshot.js'
import { isStill, lookAt } from '../../why/still.js'
import { findCycle, follow } from '../../why/wait-graph.js'
import { sendSignal } from '../process/send-signal.js'
import { requireProc } from '../shared/require-proc.js'
import { forksOf, seatsOf, showForks, showSeats } from './forks.js'
import { makePrivateSet } from './private.js'
import { people, startTable, type Table } from './table.js'

/** How often each eats where nothing keeps it from eating. */
const meals = 10

/** Between two looks at the deadlock, in milliseconds. */
const time = 100

export const semaphorePhilosophers: Demo = async (stage) => {
  requireProc('semaphore philosophers')
  stage.note(
    'At a round table are five philosophers, P0 to P4, with a fork between each two. ' +
      'Each is a process, each fork a semaphore. Watch how they wait for each other in a circle, and what ends that.',
    'opening',
  )
  const program = await compiled('philosophers')
  const { id: set } = makePrivateSet(stage, ...Array<number>(people).fill(1), people).place
  await showDeadlock(stage, program, set)
  await showOrder(stage, program, set)
  stage.note(
    'A deadlock needs four conditions at once. Where one of them is missing, there is none: an order of all locks is the simplest way.',
    'closing',
  )
  stage.note('Next: `osdemo semaphore buffer` shows another deadlock, of producers and consumers.', 'next')
}

async function showDeadlock(stage: Stage, program: string, set: number): Promise<void> {
  stage.note('Each takes its left fork, and waits until all have one: another semaphore counts them.')
  stage.note('Then each asks for the right fork. Without that wait, the deadlock would be rare.')
  const table = await startTable(stage, [program, 'left-first', '1', `${set}`])
  const { philosophers } = table
  await stage.poll(
    () => forksOf(set).every(({ value, waiting }) => value === 0 && waiting === 1) || table.hasEnded(),
  )
  const forks = showForks(stage, set, philosophers)
  stage.claim(
    'philosophers/mutual-exclusion',
    'Mutual exclusion: a fork belongs to one process. The value of all five is 0, and a process waits for each.',
    forks.every(({ value, waiting }) => value === 0 && waiting === 1) &&
      new Set(forks.map(({ lastUser }) => lastUser)).size === people,
  )

  // A process that waits for a semaphore already may still be on its way to sleep.
  const settled = () => {
    const found = seatsOf(set, philosophers)
    return (found.length === people || found === 'hidden' || table.hasEnded()) && found
  }
  const seats = (await stage.poll(settled)) ?? []
  if (seats === 'hidden') {
    stage.note(
      'Not observed: which process waits for which fork, because the kernel hides their calls.',
      'aside',
    )
  } else {
    showSeats(stage, seats)
    stage.claim(
      'philosophers/hold-and-wait',
      'Hold and wait: each process keeps its left fork while it is blocked in semop(2) for the right one.',
      seats.length === people &&
        seats.every(({ place, has, waitsFor }) => has === place && waitsFor === (place + 1) % people),
    )
    await claimStandstill(stage, table)
    claimCircle(stage, table)
  }
  await breakCircle(stage, table)
}

/** Nothing changes by itself. */
async function claimStandstill(stage: Stage, { philosophers }: Table): Promise<void> {
  const stats = philosophers.flatMap(({ id }) => readStat(id) ?? [])
  let looks = await lookTwice(stage, stats)
  // The first pair of looks may find one that is still on its way to sleep.
  for (let left = 3; left > 0 && !looks.same; left--) looks = await lookTwice(stage, stats)
  const { before, after, same } = looks
  stage.evidence(
    '/proc/PID/status',
    `context switches: ${before.join(', ')}, then ${after.join(', ')}`,
    `of P0 to P4, ${time} ms apart`,
    { data: { before, after, milliseconds: time } },
  )
  stage.claim(
    'philosophers/no-preemption',
    `No preemption: the kernel takes no semaphore from a process. After ${time} ms all five still wait.`,
    same,
  )
}

/** Whether all are there and none has run between two looks, and how often each has left a CPU. */
async function lookTwice(stage: Stage, stats: readonly Stat[]) {
  const before = stats.map(lookAt)
  await stage.pause(time)
  const after = stats.map(lookAt)
  const counts = (looks: typeof before) => looks.map((look) => look?.switches ?? -1)
  const pairs = before.flatMap((look, at) => {
    const last = after[at]
    return look && last ? [isStill(look, last)] : []
  })
  const same = pairs.length === people && pairs.every(Boolean)
  return { before: counts(before), after: counts(after), same }
}

/** What `osdemo why` finds. */
function claimCircle(stage: Stage, { philosophers }: Table): void {
  const pids = philosophers.map(({ id }) => id)
  const first = pids[0] ?? 0
  const { members = [], certain = false } = findCycle(follow(createWorld(), first), first) ?? {}
  const names = [...members, ...members.slice(0, 1)].map((pid) => `P${pids.indexOf(pid)}`)
  stage.evidence('wait-for graph', names.join(' > ') || 'no circle', 'each waits for the next', {
    data: { kind: 'deadlock', members, certain },
  })
  stage.claim(
    'philosophers/circular-wait',
    `Circular wait: each waits for the next, and the last for the first. \`osdemo why ${first}\` finds all five.`,
    [...members].sort().join() === [...pids].sort().join(),
  )
  stage.note(
    'The kernel records no holder of a semaphore, only the process that changed it last (GETPID).',
    'aside',
  )
  stage.note('A semaphore that is used as a lock and has the value 0 is held by that process.', 'aside')
}

/** A killed process loses its fork, so a condition is missing. */
async function breakCircle(stage: Stage, table: Table): Promise<void> {
  const [victim, ...others] = table.philosophers
  if (!victim) return
  const ate = () => others.filter(({ place }) => table.mealsOf(place) > 0).length
  const before = ate()
  if (isAlive(victim.id)) sendSignal(stage, victim, 'SIGKILL')
  stage.note('SIGKILL kills P0. The kernel puts its fork back, because of SEM_UNDO: see semop(2).')
  await table.end()
  stage.evidence('the philosophers', `${ate()} of 4 have eaten`, 'after P0 was killed', {
    data: { before, after: ate() },
  })
  stage.claim(
    'philosophers/preemption-ends-the-deadlock',
    'When one process loses its fork, the deadlock ends: no process had eaten, and now the other four have.',
    before === 0 && ate() === others.length && table.mealsOf(victim.place) === 0,
  )
}

async function showOrder(stage: Stage, program: string, set: number): Promise<void> {
  stage.note('The same again, but each takes the fork with the lower number first.')
  stage.note('So P4 begins with fork 0, as P0 does, and one of the two has no fork while it waits.')
  const table = await startTable(stage, [program, 'ordered', `${meals}`, `${set}`])
  await table.end()
  const ate = table.philosophers.map(({ place }) => table.mealsOf(place))
  const { together, neighbours } = table.eating()
  stage.evidence('the philosophers', `they ate ${ate.join(', ')} times`, 'P0 to P4, each with two forks', {
    data: ate.map((times, philosopher) => ({ moment: 'ordered', philosopher, meals: times })),
  })
  stage.claim(
    'philosophers/order-prevents-the-circle',
    `With one order for all locks no circle can close: each of the five has eaten ${meals} times.`,
    ate.length === people && ate.every((times) => times === meals) && table.hasEnded(),
  )
  stage.evidence(
    'the philosophers',
    `at most ${together} ate at the same time`,
    'in the order of their lines',
    {
      data: { together, neighbours },
    },
  )
  stage.claim(
    'philosophers/neighbours-never-eat-together',
    'Two forks exclude both neighbours: no two of them ate at the same time.',
    neighbours === 0 && together >= 1,
  )
}
