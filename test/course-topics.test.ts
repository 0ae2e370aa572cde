/** The table of course topics. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from '../src/commands/index.js'
import { calls } from './support/documents.js'

test('the topics of a course name every demo, and no topic is without a command', () => {
  const rows = readFileSync('docs/teaching/course-topics.md', 'utf8').match(/^\| (?!topic ).*$/gm) ?? []
  expect(rows.length).toBeGreaterThan(40)
  expect(rows.filter((row) => calls(row).length === 0)).toEqual([])
  const named = rows.flatMap((row) => calls(row))
  const demos = [...commands].flatMap(([path, { chapter }]) => (chapter ? [path] : []))
  expect(demos.filter((path) => !named.some((call) => `${call} `.startsWith(`${path} `)))).toEqual([])
})
