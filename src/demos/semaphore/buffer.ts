/** The bounded buffer: producers and consumers over shared memory, with three semaphores, and two classic mistakes. */
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { makePrivateSegment } from '../shm/segment.js'
import { showIf, showWhile } from './buffer-condition.js'
import { showMutexFirst } from './buffer-deadlock.js'
import { makePrivateSet } from './private.js'
import { places, showValues, startWorker, type Values, valuesOf, type Worker } from './worker.js'

/** What each producer puts, and each consumer takes. */
const each = 100

/** What the parts of the demo work with. */
export interface Workshop {
  set: number
  p1: Worker
  p2: Worker
  c1: Worker
  c2: Worker
}

export const semaphoreBuffer: Demo = async (stage) => {
  requireProc('semaphore buffer')
  stage.note(
    `Producers P1 and P2 fill a buffer of ${places} places, and consumers C1 and C2 empty it. ` +
      'Two semaphores count free and filled places, and one is the mutex. Watch their values, and two classic mistakes.',
    'opening',
  )
  const program = await compiled('bounded-buffer', '-pthread')
  const { id: set } = makePrivateSet(stage, places, 0, 1).place
  const words = [program, `${set}`, `${makePrivateSegment(stage, 4096)}`]
  const [p1, p2, c1, c2] = await Promise.all(
    (['P1', 'P2', 'C1', 'C2'] as const).map((name) => startWorker(stage, name, words)),
  )
  if (!p1 || !p2 || !c1 || !c2) return
  const workshop = { set, p1, p2, c1, c2 }
  await showSteps(stage, workshop)
  await showOrder(stage, workshop)
  await showMutexFirst(stage, workshop)
  await showIf(stage, workshop)
  await showWhile(stage, workshop)
  stage.note(
    'Wait for the place first, and then for the mutex: a process that waits must not hold what others need. ' +
      'After each wait for a condition, test the condition again.',
    'closing',
  )
  stage.note('Next: `osdemo semaphore philosophers` shows a circle of five processes.', 'next')
}

/** One step at a time, with the values of the kernel after each. */
async function showSteps(stage: Stage, { set, p1, c1 }: Workshop): Promise<void> {
  const all: Values[] = []
  const show = (moment: string) => {
    const values = showValues(stage, set, moment)
    all.push(values)
    return values
  }
  await p1.call('reset')
  show('empty')
  for (let number = 1; number <= places; number++) {
    await p1.call(`put ${number} ${number}`)
    show(`P1 puts ${number}`)
  }
  const putting = p1.begin('put 5 5')
  await stage.poll(() => valuesOf(set).free.waiting === 1 || putting.hasReturned())
  const full = show('P1 waits')
  const isEarly = putting.hasReturned()
  await c1.call('take 1')
  await putting.result
  stage.claim(
    'buffer/full-buffer-blocks-producer',
    'A producer waits while no place is free: P1 could put 5 only after C1 had taken a number.',
    full.free.value === 0 && full.free.waiting === 1 && !isEarly,
  )
  show('C1 takes 1')

  await c1.call(`take ${places}`)
  show(`C1 takes ${places}`)
  const taking = c1.begin('take 1')
  await stage.poll(() => valuesOf(set).filled.waiting === 1 || taking.hasReturned())
  const empty = show('C1 waits')
  const isTooEarly = taking.hasReturned()
  await p1.call('put 6 6')
  await taking.result
  stage.claim(
    'buffer/empty-buffer-blocks-consumer',
    'A consumer waits while no place is filled: C1 got a number only after P1 had put 6.',
    empty.filled.value === 0 && empty.filled.waiting === 1 && !isTooEarly,
  )
  show('P1 puts 6')
  stage.claim(
    'buffer/values-add-up',
    `Free and filled places are ${places} together after every step, and the mutex is 1 between them.`,
    all.every(({ free, filled, mutex }) => free.value + filled.value === places && mutex.value === 1),
  )
}

/** All four at once. */
async function showOrder(stage: Stage, { p1, p2, c1, c2 }: Workshop): Promise<void> {
  await p1.call('reset')
  stage.note(`Both producers put ${each} numbers, and both consumers take ${each}, at the same time.`)
  const [one, other, ...taken] = await Promise.all([
    p1.call(`put 1 ${each}`),
    p2.call(`put ${each + 1} ${2 * each}`),
    c1.call(`take ${each}`),
    c2.call(`take ${each}`),
  ])
  const put = placesOf([...one, ...other])
  const got = placesOf(taken.flat())
  const lost = [...put.values()].filter((number) => ![...got.values()].includes(number)).length
  const wrong = [...put].filter(([place, number]) => got.get(place) !== number).length
  const data = { put: put.size, taken: got.size, lost, wrong }
  stage.evidence('the processes', `${put.size} put, ${got.size} taken, ${lost} lost`, 'numbers', {
    data,
  })
  stage.claim(
    'buffer/no-number-is-lost',
    `Each of the ${2 * each} numbers was taken once: none is lost, and none was taken twice.`,
    put.size === 2 * each && got.size === 2 * each && lost === 0 && new Set(got.values()).size === got.size,
  )
  stage.claim(
    'buffer/order-is-kept',
    'Both consumers together take the numbers in the order in which they were put.',
    put.size === 2 * each && wrong === 0,
  )
}

/** The number at each place in the order of all, as `put 7 at 3` and `took 7 at 3` tell. */
function placesOf(lines: readonly string[]): Map<number, number> {
  return new Map(
    lines.flatMap((line) => {
      const [, number, place] = /^(?:put|took) (-?\d+) at (\d+)$/.exec(line) ?? []
      return place === undefined ? [] : [[Number(place), Number(number)] as const]
    }),
  )
}
