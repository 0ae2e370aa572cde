/** osdemo clean */
import { clean } from '../demos/clean.js'
import { demoCommand } from './lib/spec.js'

export const spec = demoCommand({
  examples: ['osdemo clean', 'osdemo clean --json | jq -r \'select(.event == "removed").id\''],
  options: (command) => command,
  demo: () => clean,
})
