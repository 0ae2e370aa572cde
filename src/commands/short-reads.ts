import { shortReads } from '../demos/short-reads.js'
import type { CommandSpec } from './spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: [
    'osdemo short-reads',
    'osdemo short-reads --json | jq \'select(.call == "read") | [.object, .result]\'',
  ],
  demo: () => shortReads,
}
