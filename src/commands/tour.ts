import { tour } from '../demos/tour.js'
import type { CommandSpec } from './lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo tour', 'osdemo tour --json > tour.ndjson', 'osdemo tour --quiet; echo $?'],
  demo: () => tour,
}
