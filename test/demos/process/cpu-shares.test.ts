/** When a measured share says something about the weights. */
import { expect, test } from 'vitest'
import { showShares } from '../../../src/demos/process/cpu-shares.js'
import { perform } from '../../support/perform.js'

/** What is claimed of two children of equal weight that ran for so long, in milliseconds. */
async function claimed(milliseconds: [number, number]): Promise<boolean[]> {
  const sums = milliseconds.map((each) => ({ t: 0, run: each * 1e6, delay: 0, turns: 1 }))
  const children = [{ name: 'first' }, { name: 'second' }]
  const { events } = await perform(async (stage) =>
    showShares(stage, { children, nice: [0, 0], sums, sample: 30, cpu: 0 }),
  )
  return events.flatMap((event) => (event.event === 'claim' ? [event.holds] : []))
}

test('a share is wrong only when it was measured for long enough', async () => {
  expect(await claimed([300, 300])).toEqual([true, true])
  expect(await claimed([300, 200])).toEqual([false, false])
  expect(await claimed([40, 40])).toEqual([true, true])
  // One turn more or less: nothing is known of the weights.
  expect(await claimed([50, 35])).toEqual([])
})
