/** Checks values against a JSON Schema. It knows the keywords that the schema of the events uses. */

/** A schema, or a part of one. */
export interface Rule {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  minimum?: number
  maximum?: number
  pattern?: string
  items?: Rule
  properties?: Record<string, Rule>
  required?: string[]
  additionalProperties?: false | Rule
  anyOf?: Rule[]
}

export type Check = (value: unknown) => boolean

const types: Record<string, Check> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: isRecord,
}

/** The check of each keyword. A value of another type than the keyword's own passes. */
const keywords: Record<string, (rule: Rule, of: (rule: Rule) => Check) => Check> = {
  type: ({ type = [] }) => any([type].flat().map((each) => types[each] ?? (() => false))),
  const: (rule) => (value) => value === rule.const,
  enum:
    ({ enum: values = [] }) =>
    (value) =>
      values.includes(value),
  minimum:
    ({ minimum = 0 }) =>
    (value) =>
      typeof value !== 'number' || value >= minimum,
  maximum:
    ({ maximum = 0 }) =>
    (value) =>
      typeof value !== 'number' || value <= maximum,
  pattern({ pattern = '' }) {
    const expression = new RegExp(pattern)
    return (word) => typeof word !== 'string' || expression.test(word)
  },
  items({ items = {} }, of) {
    const check = of(items)
    return (value) => !Array.isArray(value) || value.every(check)
  },
  properties({ properties = {} }, of) {
    const fields = Object.entries(properties).map(([name, rule]) => ({ name, check: of(rule) }))
    const isRight = (value: unknown, check: Check) => value === undefined || check(value)
    return (value) => !isRecord(value) || fields.every(({ name, check }) => isRight(value[name], check))
  },
  required:
    ({ required = [] }) =>
    (value) =>
      !isRecord(value) || required.every((name) => value[name] !== undefined),
  additionalProperties({ additionalProperties, properties = {} }, of) {
    // Later versions may add fields.
    const check = additionalProperties ? of(additionalProperties) : () => true
    return (value) =>
      !isRecord(value) ||
      Object.entries(value).every(([name, each]) => Object.hasOwn(properties, name) || check(each))
  },
  anyOf: ({ anyOf = [] }, of) => any(anyOf.map(of)),
}

/** Words for people. */
const annotations = ['description']

/**
 * The check that a rule stands for. `definitions` has the rules that it may refer to.
 *
 * @throws when the rule has a keyword that has no check
 */
export function checkOf(rule: Rule, definitions: Record<string, Rule>): Check {
  const target = rule.$ref && definitions[rule.$ref.replace('#/definitions/', '')]
  if (target) return checkOf(target, definitions)
  const names = Object.keys(rule).filter((name) => !annotations.includes(name))
  const checks = names.map((name) => {
    const keyword = keywords[name]
    if (!keyword) throw new Error(`checkOf cannot check ${name}`)
    return keyword(rule, (part) => checkOf(part, definitions))
  })
  return (value) => checks.every((check) => check(value))
}

function any(checks: Check[]): Check {
  return (value) => checks.some((check) => check(value))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
