import { doctor } from '../demos/doctor/index.js'
import { colorLevel } from '../views/color.js'
import { commands } from './index.js'
import type { RunSpec } from './lib/spec.js'

export const spec: RunSpec = {
  kind: 'demo',
  examples: ['osdemo doctor', 'osdemo doctor --json | jq -r \'select(.event == "note") | .text\''],
  demo(_, { color }) {
    const others = [...commands].filter(([name]) => name !== 'doctor')
    return doctor(new Map(others.map(([name, { needs }]) => [name, needs])), {
      columns: process.stdout.isTTY ? process.stdout.columns : undefined,
      colors: colorLevel(process.stdout, color) > 0,
    })
  },
}
