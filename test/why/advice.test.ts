/** What `why` proposes to type. */
import { expect, test } from 'vitest'
import { adviceFor } from '../../src/why/advice.js'
import type { Account } from '../../src/why/process-account.js'
import type { Step } from '../../src/why/step.js'
import { endItself } from '../../src/why/step.js'

/** A process with one thread, which is blocked by something that has these steps. */
function blocked(pid: number, steps: Step[]): Account {
  const blocker = { kind: 'child', steps, wakers: [] } as unknown as Account['threads'][number]['blocker']
  return { pid, state: 'S', threads: [{ tid: pid, blocker }], idle: [] } as unknown as Account
}

function stepsFor(pid: number, steps: Step[]): Step[] {
  const asked = blocked(pid, steps)
  return adviceFor(new Map([[pid, asked]]), asked, undefined).map(({ step }) => step)
}

test('a process that only waits may be terminated', () => {
  expect(stepsFor(process.pid, [{ do: 'wait' }])).toEqual([{ do: 'wait' }, endItself(process.pid)])
})

test('no step terminates pid 1, on which all other processes depend', () => {
  expect(stepsFor(1, [])).toEqual([])
  expect(stepsFor(1, [{ do: 'wait' }])).toEqual([{ do: 'wait' }])
  const endsInit: Step = { do: 'end-others', pids: [1], signal: 'TERM' }
  expect(stepsFor(process.pid, [{ do: 'wait' }, endsInit])).not.toContainEqual(endsInit)
})
