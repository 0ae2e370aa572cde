/** Whether something that was read is one of our events: held against the published JSON Schema. */
import { readFileSync } from 'node:fs'
import type { Event } from '../events.js'
import { schemaFile } from '../run/package.js'

/** The part of JSON Schema that ours uses. */
interface Schema {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  items?: Schema
  required?: string[]
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
  pattern?: string
  $ref?: string
  anyOf?: Schema[]
  definitions?: Record<string, Schema>
}

/** The schema of each kind of event, by the name in its field `event`. */
type Kinds = Map<unknown, Schema>

let known: { kinds: Kinds; root: Schema } | undefined

function load(): { kinds: Kinds; root: Schema } {
  const root: Schema = JSON.parse(readFileSync(schemaFile(), 'utf8'))
  const kinds: Kinds = new Map()
  for (const schema of root.anyOf!) {
    const { const: one, enum: several } = schema.properties!.event!
    for (const kind of several ?? [one]) kinds.set(kind, schema)
  }
  return { kinds, root }
}

/** What is wrong with a value as an event, in words that go on after `it has`; undefined when it is one. */
export function complaint(value: unknown): string | undefined {
  known ??= load()
  if (typeof value !== 'object' || value === null) return 'no fields'
  const event = value as Partial<Event>
  if (event.v === undefined) return 'no version v'
  if (event.v !== 1) return `version ${JSON.stringify(event.v)}, and this osdemo reads version 1`
  const schema = known.kinds.get(event.event)
  if (!schema) return `the unknown event ${JSON.stringify(event.event)}`
  const missing = schema.required!.find((name) => !(name in value))
  if (missing) return `no field ${missing}`
  const { root } = known
  const wrong = Object.entries(value).find(([name, field]) => {
    const rule = schema.properties![name]
    // A field that a later version added does no harm.
    return rule !== undefined && !matches(field, rule, root)
  })
  return wrong && `a wrong ${wrong[0]}, ${JSON.stringify(wrong[1])}`
}

/** Whether a value is what a rule of the schema says. */
function matches(value: unknown, rule: Schema, root: Schema): boolean {
  if (rule.$ref) return matches(value, root.definitions![rule.$ref.split('/').at(-1)!]!, root)
  if ('const' in rule && value !== rule.const) return false
  if (rule.enum && !rule.enum.includes(value)) return false
  if (rule.items && Array.isArray(value)) return value.every((item) => matches(item, rule.items!, root))
  if (rule.pattern && typeof value === 'string' && !new RegExp(rule.pattern).test(value)) return false
  if (isOfType(value, 'object') && rule.type === 'object') return fits(value as object, rule, root)
  const types = [rule.type ?? []].flat()
  return types.length === 0 || types.some((type) => isOfType(value, type))
}

/** Whether an object has all that it must have, and each of it is right. */
function fits(
  value: object,
  { required = [], properties = {}, additionalProperties }: Schema,
  root: Schema,
): boolean {
  if (required.some((name) => !(name in value))) return false
  return Object.entries(value).every(([name, field]) => {
    const rule =
      properties[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    // A field that a later version added does no harm.
    return rule === undefined || matches(field, rule, root)
  })
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'number') return Number.isFinite(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}
