/**
 * A circle of processes, each of which blocks at a lock that the next one has: a lock of a file, or a System V semaphore that it has
 * taken. fcntl(2) sees a circle of its own locks, and one of the calls fails with EDEADLK.
 */
import type { Call } from '../trace/line.js'
import { rangeOf } from '../trace/locks.js'
import type { Block, Process, Trace } from '../trace/model.js'
import { named, nameOf } from '../trace/recorder.js'
import type { Detector } from './detector.js'
import { createRepeats, proofOf } from './repeats.js'
import { createStuck, type Stuck } from './stuck.js'
import { createTaken } from './taken.js'

const id = 'lock/deadlock'

export function deadlock(): Detector {
  const { detector, find } = createStuck()
  const taken = createTaken()
  const refused = new Map<Process, Call>()
  return {
    ...detector,
    calls: {
      ...detector.calls,
      ...taken.calls,
      fcntl(call, process) {
        if (!call.args[1]?.includes('SETLKW') || process.threads > 0) return
        if (call.errno === 'EDEADLK') refused.set(process, call)
        // It has given way, and tried again.
        else if (call.result === 0 && refused.get(process)?.args[0] === call.args[0]) refused.delete(process)
      },
    },
    finish: (trace) => [...refusals(), ...circles(trace)],
  }

  function refusals() {
    const repeats = createRepeats<Call>()
    // One that runs may still give way.
    for (const [process, call] of refused)
      if (process.end?.signal === null) repeats.add(nameOf(process), process, [call], call)
    return repeats.all().map((repeated) => ({
      id,
      text: `${repeated.who} got EDEADLK from fcntl(2): the process that holds this lock waits for one of ${repeated.who}.`,
      certain: true,
      ...proofOf(repeated),
    }))
  }

  function circles(trace: Trace) {
    const stuck = find(trace)
    const circle = stuck && circleIn(stuck, taken.by)
    if (!circle) return []
    const names = circle.map(({ process }) => named(process))
    const isOne = circle.length === 1
    return [
      {
        id,
        text: isOne
          ? `${names[0]} waits for a lock that it has itself, through another descriptor.`
          : `Each of these processes waits for a lock that the next one has: ${names.slice(0, 5).join(', ')}.`,
        certain: stuck.certain && circle.every(isProven),
        processes: circle.map(({ process }) => process),
        calls: circle,
      },
    ]
  }
}

/** Other programs may post a semaphore that has a key. */
const isProven = ({ call, thing }: Block) => !call.startsWith('sem') || thing?.isPrivate === true

/** The shortest circle, as far as there is one. */
export function circleIn(stuck: Stuck, takers: (block: Block) => Process[]): Block[] | undefined {
  const { blocks } = stuck
  const next = (block: Block) => {
    const holders = holdersOf(block, stuck, takers)
    return blocks.filter(({ process }) => holders.includes(process))
  }
  for (const start of blocks) {
    const paths = [[start]]
    const seen = new Set<Block>()
    for (const path of paths) {
      const [block] = path.slice(-1)
      for (const each of block ? next(block) : []) {
        if (each === start) return path
        if (!seen.has(each)) paths.push([...path, each])
        seen.add(each)
      }
    }
  }
  return undefined
}

function holdersOf(block: Block, { locksOf, isAll }: Stuck, takers: (block: Block) => Process[]): Process[] {
  const { call, thing, args } = block
  if (call.startsWith('sem')) return isAll ? takers(block) : []
  if (!thing || (call !== 'flock' && call !== 'fcntl')) return []
  const isShared = /LOCK_SH|F_RDLCK/.test(args.join())
  const { from, to } = rangeOf(block)
  return locksOf(thing).flatMap((lock) => {
    const isOther = (call === 'flock') === (lock.kind === 'flock')
    const isInWay = isOther && !(isShared && lock.isShared) && lock.from < to && from < lock.to
    // The locks of fcntl(2) belong to the process, so its own are not in its way.
    const isOwn = lock.by === block.process && lock.kind === 'fcntl' && !args[1]?.includes('OFD')
    return isInWay && !isOwn ? [lock.by] : []
  })
}
