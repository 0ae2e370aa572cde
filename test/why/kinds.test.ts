/** Every kind of blocker stands in docs/reference/events.md, and nothing else does. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('docs/reference/events.md has the kinds of blockers that there are', () => {
  const folder = 'src/why/blockers'
  const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  const types = sources.join('\n').matchAll(/(?<=\bkind: )'[a-z-]+'(?: \| '[a-z-]+')*/g)
  const kinds = new Set([...types].flatMap(([type]) => type.match(/[a-z-]+/g) ?? []))
  const [, table = ''] =
    /\n\| kind \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(readFileSync('docs/reference/events.md', 'utf8')) ?? []
  const documented = table
    .trim()
    .split('\n')
    .flatMap((row) => row.split('|')[1]?.match(/[a-z-]+/g) ?? [])
  expect(kinds.size).toBeGreaterThan(30)
  expect(documented.toSorted()).toEqual([...kinds].toSorted())
})
