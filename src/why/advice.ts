/** The steps that let a process continue, the mildest first: a step that loses data comes after one that does not. */
import { isElsewhere } from '../proc/links.js'
import { type Blocker, stepsOf } from './blocker.js'
import type { Account } from './process-account.js'
import { endItself, type Step } from './step.js'
import { type Chain, type Cycle, wakers } from './wait-graph.js'

export interface Advice {
  step: Step
  /** The process that the step lets continue: the one that was asked about, or one that it waits for. */
  pid: number
  /** What that process is blocked by; undefined for a step that has nothing to do with it. */
  blocker?: Blocker
  /** The namespace of that process in which the command has to run, where it is not the one of osdemo. */
  enter?: Namespace
}

type Namespace = 'ipc' | 'net'

/** Steps that name an object by what means something in one namespace only: an id, a name of a queue, an address. */
const placeOf: Partial<Record<Step['do'], Namespace>> = {
  'send-message': 'ipc',
  'receive-message': 'ipc',
  'send-system-v': 'ipc',
  'receive-system-v': 'ipc',
  'add-system-v': 'ipc',
  remove: 'ipc',
  'connect-tcp': 'net',
  'send-udp': 'net',
}

function namespaceOf(step: Step): Namespace | undefined {
  const isAbstract = 'address' in step && 'abstract' in step.address
  return isAbstract ? 'net' : placeOf[step.do]
}

/** What a step costs. Data that is read or removed, and whatever a process has not saved, is lost. */
const costs: Record<Step['do'] | 'write-foreign', number> = {
  continue: 0,
  foreground: 0,
  thaw: 0,
  write: 1,
  'connect-tcp': 1,
  'connect-unix': 1,
  'send-udp': 1,
  'send-unix': 1,
  'send-message': 1,
  'send-system-v': 1,
  'add-system-v': 1,
  'post-semaphore': 1,
  'send-signal': 1,
  wait: 2,
  'write-foreign': 3,
  'add-event': 3,
  read: 3,
  'read-event': 3,
  'receive-message': 3,
  'receive-system-v': 3,
  remove: 4,
  'end-others': 5,
  'end-itself': 6,
}

function cost(step: Step): number {
  return costs[step.do === 'write' && step.isForeign ? 'write-foreign' : step.do]
}

/** At most this number of steps: a longer list is no help. */
const most = 4

/** What lets a process continue. @param cycle the deadlock that it is in, or behind */
export function adviceFor(chain: Chain, asked: Account, cycle: Cycle | undefined): Advice[] {
  // Continuing a stopped or frozen process loses nothing, so no other step is worth its price.
  const stopped = isHeld(asked) ? asked : stoppedBehind(chain, asked)
  const free = stopped && stepsFor(stopped).filter(({ step }) => cost(step) === 0)
  if (free && free.length > 0 && free.every(({ step }) => step.do !== 'foreground')) return free.slice(0, 1)
  const [, ...behind] = onlyWay(chain, asked)
  const further = behind
    .flatMap(stepsFor)
    .filter(({ step }) => step.do !== 'wait' && cost(step) < costs.remove)
  const all = [...stepsFor(asked), ...further]
    // In a deadlock waiting does not help.
    .filter(({ step }) => !(cycle && step.do === 'wait'))
    .toSorted((one, other) => cost(one.step) - cost(other.step))
  const steps = distinct(all).filter(({ step }) => !endsInit(step))
  // A zombie is dead already, so no signal has any effect on it.
  if (
    steps.every(({ step }) => step.do === 'wait' || step.do === 'foreground') &&
    asked.state !== 'Z' &&
    asked.pid !== 1
  ) {
    const blocker = asked.threads[0]?.blocker
    steps.push({ step: endItself(asked.pid), pid: asked.pid, ...(blocker && { blocker }) })
  }
  return steps.slice(0, most)
}

/** Whether a step would terminate pid 1. All other processes of the machine depend on it. */
function endsInit(step: Step): boolean {
  return (step.do === 'end-others' && step.pids.includes(1)) || (step.do === 'end-itself' && step.pid === 1)
}

function stepsFor({ pid, threads }: Account): Advice[] {
  return threads
    .flatMap(({ blocker }) => stepsOf(blocker))
    .map((each) => {
      const place = namespaceOf(each.step)
      return { ...each, pid, ...(place && isElsewhere(pid, place) && { enter: place }) }
    })
}

/** Each step once. Of several reasons to wait, the first: the others are steps of the same kind. */
function distinct(all: readonly Advice[]): Advice[] {
  const known = new Set<string>()
  return all.filter(({ step }) => {
    const key = JSON.stringify(step)
    return known.has(key) ? false : known.add(key)
  })
}

/** Whether it cannot run, whatever the other end does: it is stopped, or its cgroup is frozen. */
function isHeld({ state, threads }: Account): boolean {
  return state === 'T' || threads[0]?.blocker.kind === 'frozen'
}

/** The process and those it waits for, one after the other, as long as each waits for one other process only. */
function onlyWay(chain: Chain, asked: Account): Account[] {
  const way: Account[] = []
  for (let at: Account | undefined = asked; at && !way.includes(at); ) {
    way.push(at)
    const [next, ...more]: number[] = [...new Set(wakers(at))]
    at = next === undefined || more.length > 0 ? undefined : chain.get(next)
  }
  return way
}

/** The stopped process that all others wait for. Where one waits for several, it goes no further than those. */
function stoppedBehind(chain: Chain, asked: Account): Account | undefined {
  for (const at of onlyWay(chain, asked)) {
    const next = wakers(at).map((pid) => chain.get(pid))
    const stopped = next.find((each) => each && isHeld(each))
    if (stopped) return stopped
  }
  return undefined
}
