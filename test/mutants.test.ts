import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutants } from './stress/mutants/list.js'
import { plant } from './stress/mutants/mutant.js'

test.each(mutants.map((mutant) => [mutant.file, mutant] as const))(
  'a bug for %s can be planted, and its test exists',
  (file, mutant) => {
    expect(plant(mutant, readFileSync(file, 'utf8'))).not.toBe(readFileSync(file, 'utf8'))
    expect(existsSync(mutant.test)).toBe(true)
  },
)

test('no bug is listed twice', () => {
  expect(new Set(mutants.map(({ file, from, to }) => `${file}\n${from}\n${to}`)).size).toBe(mutants.length)
})
