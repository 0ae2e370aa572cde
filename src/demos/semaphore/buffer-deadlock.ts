/** The first mistake: a producer waits for the mutex first, and then for a free place. */
import type { Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import { sendSignal } from '../process/send-signal.js'
import type { Workshop } from './buffer.js'
import { names, places, showValues, valuesOf } from './worker.js'

/** Between two looks at the deadlock, in milliseconds. */
const time = 100

export async function showMutexFirst(stage: Stage, { set, p1, p2, c1, c2 }: Workshop): Promise<void> {
  stage.note('The first mistake: P1 takes the mutex, and then waits for a free place. The buffer is full.')
  await p1.call('reset')
  await p1.call(`put 1 ${places}`)
  const wrong = p1.begin('put-mutex-first 5')
  await stage.poll(() => valuesOf(set).free.waiting === 1 || wrong.hasReturned())
  const takes = [c1.begin('take 1'), c2.begin('take 1')]
  await stage.poll(() => valuesOf(set).mutex.waiting === 2 || takes.some((take) => take.hasReturned()))
  const put = p2.begin('put 6 6')
  const all = [wrong, ...takes, put]
  await stage.poll(() => valuesOf(set).free.waiting === 2 || put.hasReturned() || wrong.hasReturned())
  const before = showValues(stage, set, 'deadlock')
  await stage.pause(time)
  const after = valuesOf(set)
  const isStuck = stage.claim(
    'buffer/mutex-first-deadlocks',
    `P1 holds the mutex while it waits for a free place. All four still wait after ${time} ms.`,
    before.mutex.value === 0 &&
      before.mutex.waiting === 2 &&
      before.free.waiting === 2 &&
      names.every(
        (name) => before[name].value === after[name].value && before[name].waiting === after[name].waiting,
      ) &&
      !all.some((one) => one.hasReturned()),
  )
  await claimHolder(stage, p1.id, c1.id, isStuck)

  sendSignal(stage, p1, 'SIGKILL')
  stage.note('SIGKILL kills P1. The kernel adds 1 to its mutex again (SEM_UNDO), and the others continue.')
  await Promise.all([...takes, put].map(({ result }) => result))
  showValues(stage, set, 'P1 is killed')
}

/** What `osdemo why` tells about a consumer. */
async function claimHolder(
  stage: Stage,
  producer: number,
  consumer: number,
  isStuck: boolean,
): Promise<void> {
  const look = () => {
    const world = createWorld()
    return [consumer, producer].map((pid) => accountOf(world, pid, true)?.threads[0])
  }
  // A process that waits for a semaphore already may still be on its way to sleep.
  const settled = () => look().every((one) => one?.isHidden || one?.blocker.kind === 'system-v')
  if (isStuck) await stage.poll(settled)
  const [waits, holds] = look()
  if (waits?.isHidden || holds?.isHidden) {
    stage.note('Not observed: what `osdemo why` finds, because the kernel hides the calls.', 'aside')
    return
  }
  const wakers = waits?.blocker.wakers ?? []
  const wanted = holds?.blocker.kind === 'system-v' ? holds.blocker.operation?.semaphore : undefined
  stage.evidence(
    'wait-for graph',
    `C1 > ${wakers.includes(producer) ? 'P1' : 'no process'} > ${names[wanted ?? -1] ?? 'nothing'}`,
    'C1 waits for the mutex of P1, and P1 for a place',
    { data: { consumer, wakers, semaphore: wanted ?? null } },
  )
  stage.claim(
    'buffer/why-names-the-holder',
    `\`osdemo why ${consumer}\` names the process that took the mutex last: P1, which itself waits for a free place.`,
    wakers.length === 1 && wakers[0] === producer && wanted === names.indexOf('free'),
  )
}
