/** Whether a value is an event, as the published JSON Schema defines it. */
import { createRequire } from 'node:module'
import { eventCheckFile } from '../run/package.js'

/** The check for one kind of event, which the build generates from the schema (`scripts/event-check.mjs`). */
type Check = ((value: unknown) => boolean) & {
  /** What is wrong with the last value that was checked. */
  errors: { instancePath: string; params: { missingProperty?: string } }[] | null
}

/** The deepest nesting of an accepted event, since views recurse into events. Those of osdemo have four levels. */
const mostLevels = 32

type Checks = Partial<Record<string, Check>>

let checks: Checks | undefined

/** What is wrong with a value as an event, as words that continue `it has`; undefined when it is one. */
export function complaint(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'no fields'
  if (isDeeper(value, mostLevels)) return `more than ${mostLevels} levels of lists and records`
  // Every object is a record of unknown values.
  const event = value as Record<string, unknown>
  if (event.v === undefined) return 'no version v'
  if (event.v !== 1) return `version ${JSON.stringify(event.v)}, but this osdemo reads version 1`
  // The build makes this file, with a check for each kind of event.
  checks ??= createRequire(import.meta.filename)(eventCheckFile()) as Checks
  const check = typeof event.event === 'string' && Object.hasOwn(checks, event.event) && checks[event.event]
  if (!check) return `the unknown event ${JSON.stringify(event.event)}`
  if (check(value)) return undefined
  // A check that refuses a value has at least one error.
  const { instancePath, params } = check.errors![0]!
  if (instancePath === '') return `no field ${params.missingProperty}`
  // The path begins with a slash and the name of a field: `/row/table`.
  const [, name = ''] = instancePath.split('/')
  return `a wrong ${name}, ${JSON.stringify(event[name])}`
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}
