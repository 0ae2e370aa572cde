import { clean } from '../demos/clean.js'
import { reportCommand } from './lib/spec.js'

export const spec = reportCommand({
  examples: ['osdemo clean', 'osdemo clean --json | jq -r \'select(.event == "removed").id\''],
  options: (command) => command,
  sweeps: true,
  demo: () => clean,
})
