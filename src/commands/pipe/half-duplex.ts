import { pipeHalfDuplex } from '../../demos/pipe/half-duplex.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo pipe half-duplex', 'osdemo pipe half-duplex --json'],
  demo: () => pipeHalfDuplex,
}
