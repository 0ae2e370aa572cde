/** Every claim can come out false: there is a test in which it does. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claimIds } from '../scripts/claims.js'

/** The ids in the calls of `falsify`: the list of literals that is its first argument. */
const call = /\bfalsify\(\s*\[([^\]]*)\]/g

function falsifiedIds(): Set<string> {
  const files = readdirSync('test', { recursive: true })
    .map((name) => join('test', String(name)))
    .filter((file) => file.endsWith('.test.ts'))
  const lists = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(call)].map(([, list]) => list!),
  )
  return new Set(lists.flatMap((list) => [...list.matchAll(/'([^']+)'/g)].map(([, id]) => id!)))
}

test('every claim has a test in which it comes out false', () => {
  const falsified = falsifiedIds()
  const missing = [...claimIds().keys()].filter((id) => !falsified.has(id))
  expect(missing).toEqual([])
})

test('such a test names a claim that exists', () => {
  const ids = claimIds()
  expect([...falsifiedIds()].filter((id) => !ids.has(id))).toEqual([])
})
