/** The report of each format. */
import { check50, classroom50, gradescope, prairielearn, submitty } from './json.js'
import { junit } from './junit.js'
import { github, markdown, ndjson, tap, vpl } from './text.js'
import type { Results } from './words.js'

export type { Results } from './words.js'

/** As `--report FORMAT=FILE` names them. */
export const formats: Readonly<Record<string, (results: Results) => string>> = {
  gradescope: (results) => gradescope(results),
  classroom50: (results) => classroom50(results),
  check50,
  prairielearn,
  junit,
  tap,
  github: (results) => github(results),
  submitty,
  vpl,
  markdown,
  ndjson,
}
