import { processSchedule } from '../demos/process-schedule.js'
import type { CommandSpec } from './spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process schedule', 'osdemo process schedule --json'],
  demo: () => processSchedule,
}
