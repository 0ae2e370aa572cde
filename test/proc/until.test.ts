import { expect, test } from 'vitest'
import { parseStat } from '../../src/proc/stat.js'
import { until } from '../support/until.js'

test('until polls, and returns the first value that it finds', async () => {
  const looks: (string | undefined)[] = [undefined, '', 'seen', 'later']
  expect(await until(async () => looks.shift())).toBe('seen')
  expect(looks).toEqual(['later'])
})

test('until reports the condition that was not met', async () => {
  const vain = until(() => parseStat('1 (a) S 0').comm === 'b', 20)
  await expect(vain).rejects.toThrow(
    /^not within 20 ms: .*parseStat\(["']1 \(a\) S 0["']\)\.comm === ["']b["']$/,
  )
})
