/** osdemo clean */
import { clean } from '../demos/clean.js'
import type { CommandSpec } from './lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo clean', 'osdemo clean --json | jq -r \'select(.event == "removed").id\''],
  demo: () => clean,
}
