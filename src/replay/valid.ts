/** Whether a value is an event, as the published JSON Schema defines it. */
import { readFileSync } from 'node:fs'
import { schemaFile } from '../run/package.js'
import { type Check, checkOf, type Rule } from './schema.js'

/** What one kind of event must be. */
interface Kind {
  required: string[]
  fields: { name: string; check: Check }[]
}

/** The deepest nesting of an accepted event, since views recurse into events. Those of osdemo have four levels. */
const mostLevels = 32

let kinds: Map<unknown, Kind> | undefined

/** What is wrong with a value as an event, as words that continue `it has`; undefined when it is one. */
export function complaint(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'no fields'
  if (isDeeper(value, mostLevels)) return `more than ${mostLevels} levels of lists and records`
  // Every object is a record of unknown values.
  const event = value as Record<string, unknown>
  if (event.v === undefined) return 'no version v'
  if (event.v !== 1) return `version ${JSON.stringify(event.v)}, but this osdemo reads version 1`
  kinds ??= readKinds()
  const kind = kinds.get(event.event)
  if (!kind) return `the unknown event ${JSON.stringify(event.event)}`
  const missing = kind.required.find((name) => event[name] === undefined)
  if (missing !== undefined) return `no field ${missing}`
  const wrong = kind.fields.find(({ name, check }) => event[name] !== undefined && !check(event[name]))
  return wrong && `a wrong ${wrong.name}, ${JSON.stringify(event[wrong.name])}`
}

function readKinds(): Map<unknown, Kind> {
  // The build makes the schema of all events: a rule for each kind.
  const { anyOf, definitions } = JSON.parse(readFileSync(schemaFile(), 'utf8')) as {
    anyOf: Rule[]
    definitions: Record<string, Rule>
  }
  return new Map(
    anyOf.flatMap(({ properties = {}, required = [] }) => {
      const fields = Object.entries(properties).map(([name, rule]) => ({
        name,
        check: checkOf(rule, definitions),
      }))
      const names = properties.event?.enum ?? [properties.event?.const]
      return names.map((name): [unknown, Kind] => [name, { required, fields }])
    }),
  )
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}
