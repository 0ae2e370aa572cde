import { shortReads } from '../demos/socket/short-reads.js'
import type { CommandSpec } from './lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: [
    'osdemo short-reads',
    'osdemo short-reads --json | jq \'select(.call == "read") | [.object, .result]\'',
  ],
  demo: () => shortReads,
}
