import { expect, test } from 'vitest'
import { parseStat } from '../../src/proc/stat.js'
import { until } from '../support/until.js'

test('until looks again and again, and returns the first thing that it sees', async () => {
  const looks: (string | undefined)[] = [undefined, '', 'seen', 'later']
  expect(await until(async () => looks.shift())).toBe('seen')
  expect(looks).toEqual(['later'])
})

test('until says what it waited for in vain', async () => {
  const vain = until(() => parseStat('1 (a) S 0').comm === 'b', 20)
  await expect(vain).rejects.toThrow(
    /^not within 20 ms: .*parseStat\(["']1 \(a\) S 0["']\)\.comm === ["']b["']$/,
  )
})
