/** The second mistake: a condition that is tested with `if` before the wait, and not again after it. */
import { readSyscall } from '../../proc/syscall.js'
import type { Stage } from '../../run/stage.js'
import { blockedThread, showWait } from '../shared/claim-waiting.js'
import type { Workshop } from './buffer.js'
import type { Begun } from './worker.js'

/** Both consumers wait for a change of the empty buffer. */
async function bothWait(stage: Stage, { p2, c1, c2 }: Workshop, command: string): Promise<[Begun, Begun]> {
  await p2.call('reset')
  const one = c1.begin(command)
  const other = c2.begin(command)
  // They print it while they hold the lock, so P2 gets the lock only when both wait.
  await stage.poll(() => [one, other].every((each) => each.lines.includes('waits') || each.hasReturned()))
  return [one, other]
}

export async function showIf(stage: Stage, workshop: Workshop): Promise<void> {
  const { p2, c1 } = workshop
  stage.note(
    'The second mistake: a condition variable in place of the semaphores, and `if` in place of `while`.',
  )
  const both = await bothWait(stage, workshop, 'take-if')
  const isHidden = readSyscall(c1.id, c1.id) === undefined
  const thread = !isHidden && (await stage.poll(() => blockedThread(c1.id, 'futex') ?? both[0].hasReturned()))
  if (typeof thread === 'object') showWait(stage, c1.id, thread)
  await p2.call('put-and-wake 7')
  await stage.poll(() => both.every((each) => each.hasReturned() || waitsOf(each) > 1))
  const { taken, numbers } = showCount(stage, 'if', 1, both)
  stage.claim(
    'buffer/if-takes-from-empty-buffer',
    `With \`if\`, both consumers took: 1 number was put, and ${taken} were taken, the last from the empty buffer.`,
    taken === 2 && numbers.filter((number) => number === 7).length === 1,
  )
  if (!both.every((each) => each.hasReturned())) await p2.call('put-and-wake 0')
  await Promise.all(both.map(({ result }) => result))
}

export async function showWhile(stage: Stage, workshop: Workshop): Promise<void> {
  const { p2 } = workshop
  stage.note('The same with `while`: a consumer tests the condition again after the wait.')
  const both = await bothWait(stage, workshop, 'take-while')
  await p2.call('put-and-wake 8')
  await stage.poll(() => both.every((each) => each.hasReturned() || waitsOf(each) > 1))
  const { taken } = showCount(stage, 'while', 1, both)
  const waitedAgain = both.filter((each) => !each.hasReturned() && waitsOf(each) === 2).length
  await p2.call('put-and-wake 9')
  await Promise.all(both.map(({ result }) => result))
  const { numbers } = showCount(stage, 'while, one more', 2, both)
  stage.claim(
    'buffer/while-tests-again',
    'With `while`, one consumer took the number. The other found the buffer empty, and waited again.',
    taken === 1 && waitedAgain === 1 && [...numbers].sort().join() === '8,9',
  )
}

const waitsOf = ({ lines }: Begun) => lines.filter((line) => line === 'waits').length

/** Counts what was put and taken. */
function showCount(stage: Stage, moment: string, put: number, both: readonly Begun[]) {
  const numbers = both.flatMap(({ lines }) =>
    lines.flatMap((line) => {
      const number = /^took (-?\d+) /.exec(line)?.[1]
      return number === undefined ? [] : [Number(number)]
    }),
  )
  const taken = numbers.length
  stage.evidence(
    'the buffer',
    `${put} put, ${taken} taken (${numbers.join(', ')}), ${put - taken} left`,
    moment.replace(/^\w+/, 'with `$&`'),
    {
      data: [{ moment, put, taken, left: put - taken }],
    },
  )
  return { taken, numbers }
}
