/**
 * The code that tells whether a value is an event, which ajv makes from the JSON Schema: a module of CommonJS with one
 * function for each kind of event.
 */
import { Ajv } from 'ajv'
import standaloneCode from 'ajv/dist/standalone/index.js'

/**
 * @typedef {{ anyOf: Kind[]; definitions: object }} EventSchema
 * @typedef {{ properties: { event: { const: string; enum?: string[] } } }} Kind the schema of one kind of event, or of several alike
 */

/**
 * @param {object} schema the published one; fields that a later version added are let through
 * @returns {string}
 */
export function eventCheckCode(schema) {
  const { anyOf, definitions } = open(schema)
  const ajv = new Ajv({ strict: false, messages: false, code: { source: true } })
  const names = anyOf.flatMap((kind) => {
    const { const: name, enum: several = [name] } = kind.properties.event
    for (const each of several) ajv.addSchema({ ...kind, definitions, $id: each })
    return several
  })
  return standaloneCode.default(ajv, Object.fromEntries(names.map((name) => [name, name])))
}

/**
 * The schema without its prohibition of other fields.
 *
 * @param {object} schema
 * @returns {EventSchema}
 */
function open(schema) {
  return JSON.parse(JSON.stringify(schema), (_, value) => {
    if (value?.additionalProperties === false) delete value.additionalProperties
    return value
  })
}
