/** Every view shows any recording whose lines are events. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { complaint } from '../../src/replay/valid.js'
import { createView } from '../../src/views/index.js'
import { type ViewName, viewNames } from '../../src/views/names.js'
import { harmful } from '../support/stories.js'

interface Schema {
  $ref?: string
  anyOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  type?: string | string[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: false | Schema
  pattern?: string
  minimum?: number
  maximum?: number
}

const schema: Schema & { definitions: Record<string, Schema> } = JSON.parse(
  readFileSync('dist/events.schema.json', 'utf8'),
)

const extremes = [0, -0, 1, -1, 2 ** 31, -(2 ** 53), 1e21, 1e308, -1e308, Number.MAX_SAFE_INTEGER]
const integer = fc.oneof(
  // The same numbers and names again and again, so that events share calls, processes, channels and tables.
  { weight: 4, arbitrary: fc.constantFrom(1, 2) },
  { weight: 1, arbitrary: fc.constantFrom(...extremes) },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
)
const number = fc.oneof(integer, fc.double({ noNaN: true, noDefaultInfinity: true }))
const text = fc.oneof(
  fc.constantFrom(
    ...harmful,
    '/proc/3/wchan',
    '__proto__',
    'toString',
    'x'.repeat(5000),
    'a b '.repeat(2000),
  ),
  fc.string({ unit: 'binary', maxLength: 9 }),
)

/** Values that the published schema accepts. */
function valuesOf(rule: Schema): fc.Arbitrary<unknown> {
  if (rule.$ref) return valuesOf(schema.definitions[rule.$ref.split('/').at(-1)!]!)
  if (rule.anyOf) return fc.oneof(...rule.anyOf.map(valuesOf))
  if ('const' in rule) return fc.constant(rule.const)
  if (rule.enum) return fc.constantFrom(...rule.enum)
  if (rule.pattern) return fc.stringMatching(new RegExp(rule.pattern))
  if (Array.isArray(rule.type)) return fc.oneof(...rule.type.map((type) => valuesOf({ ...rule, type })))
  const { minimum: min = Number.NEGATIVE_INFINITY, maximum: max = Number.POSITIVE_INFINITY } = rule
  const within = (value: number) => value >= min && value <= max
  switch (rule.type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'string':
      return text
    case 'integer':
      return integer.filter(within)
    case 'number':
      return number.filter(within)
    case 'array':
      return fc.array(valuesOf(rule.items!), { maxLength: 4 })
    default:
      return recordsOf(rule)
  }
}

function recordsOf({ properties, required = [], additionalProperties }: Schema): fc.Arbitrary<object> {
  if (!properties) return fc.dictionary(text, valuesOf(additionalProperties as Schema), { maxKeys: 4 })
  const fields = Object.entries(properties).map(([name, rule]) => [name, valuesOf(rule)] as const)
  const record: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(fields)
  return fc.record(record, { requiredKeys: required })
}

/** Without `detail`, since most views leave out such events. */
const shown = schema.anyOf!.map(({ properties: { detail: _, ...properties } = {}, ...rule }) =>
  valuesOf({ ...rule, properties }),
)
const events = fc.array(fc.oneof(...shown), { maxLength: 20, size: 'max' }) as fc.Arbitrary<Event[]>

test.each(viewNames)(
  '%s shows any events',
  async (name) => {
    const shows = fc.asyncProperty(events, fc.constantFrom(1, 80, 300), async (recorded, width) => {
      expect(recorded.map(complaint).filter(Boolean)).toEqual([])
      const view = await createView(name, undefined, { width, hide: [], color: false })
      const shown = recorded.map((event) => view.event(event)).join('') + view.end()
      expect(shown).not.toMatch(/NaN|Infinity|\bundefined\b/)
    })
    await fc.assert(shows, { numRuns: 500 })
  },
  120_000,
)

async function show(name: ViewName, recorded: Event[], width = 80): Promise<string> {
  const view = await createView(name, undefined, { width, hide: [], color: false })
  return recorded.map((event) => view.event(event)).join('') + view.end()
}

/** More than a call can have arguments. */
const many = 150_000

const base = { v: 1, pid: 5, tid: 5, actor: 'osdemo' } as const
const about = { version: '0', boot: '', wall: '', node: '', kernel: '' }
const run = (command: string): Event => ({ ...base, t: 0, event: 'run', command: [command], ...about })
const claim = (t: number, more = {}): Event => ({
  ...base,
  t,
  event: 'claim',
  id: 'a/b',
  text: 'x',
  holds: true,
  ...more,
})

test('the timeline counts more claims than it lists', async () => {
  const claims = Array.from({ length: many }, (_, t) => claim(t))
  const shown = await show('timeline', [run('one'), ...claims, run('two'), claim(1, { holds: false })])
  expect(shown.match(/ claim {12}✔ x\n/g)).toHaveLength(many)
  expect(shown.match(/^(one| {3}) {2}✔ x$/gm)).toHaveLength(1000)
  expect(shown).toMatch(/… and 149,001 more claims, of which 1 failed\n\n150000 of 150001 claims hold\.\n$/)
})

test('a table of very many claims is drawn in pieces', async () => {
  const rows = Array.from({ length: many }, (_, t) => claim(t, { row: { table: 't', cells: { a: `${t}` } } }))
  const shown = await show('timeline', [run('one'), ...rows])
  expect(shown.match(/^✔ \d+$/gm)).toHaveLength(many)
  expect(shown.match(/^ {2}a$/gm)).toHaveLength(many / 1000)
})

test('a picture draws the depth of very many messages', async () => {
  const depth = { before: 0, after: 1, unit: 'messages', source: 'x' } as const
  const sent = Array.from({ length: many }, (_, t): Event => {
    return { ...base, t, event: 'sent', channel: 'c', seq: t, bytes: 1, depth }
  })
  expect(await show('svg', [run('one'), ...sent])).toContain('in c')
})

test('a picture has a finite place for a depth of any size', async () => {
  const depth = { before: 0, after: 1e308, capacity: 1, unit: 'bytes', source: 'x' } as const
  const sent: Event = { ...base, t: 1, event: 'sent', channel: 'c', seq: 0, bytes: 1e308, depth }
  for (const view of ['svg', 'html'] as const) {
    expect(await show(view, [run('one'), sent])).not.toMatch(/NaN|Infinity/)
  }
})
