/**
 * Generates the code that checks whether a value is an event, with ajv, from the JSON Schema: a CommonJS module with
 * one function for each kind of event.
 */
import { Ajv } from 'ajv'
import standaloneCode from 'ajv/dist/standalone/index.js'

/**
 * @typedef {{ anyOf: Kind[]; definitions: object }} EventSchema
 * @typedef {{ properties: { event: { const: string; enum?: string[] } } }} Kind the schema of one kind of event, or
 *   of several that have the same fields
 */

/**
 * @param {object} schema the published one. Unlike it, the code accepts fields that a later version may add.
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
  const code = standaloneCode.default(ajv, Object.fromEntries(names.map((name) => [name, name])))
  // Of an error, osdemo reads only where it is and which field is missing. The rest would be half of the code.
  return code.replace(/schemaPath:"[^"]*",keyword:"[^"]*",params:\{(?!missingProperty)[^{}]*\}/g, 'params:{}')
}

/**
 * The schema, changed so that it accepts other fields.
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
