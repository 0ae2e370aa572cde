import { why } from '../demos/why/index.js'
import { reportCommand } from './lib/spec.js'
import { processId } from './lib/values.js'

export const spec = reportCommand({
  examples: ['sleep 60 & osdemo why $!', 'osdemo why 4711', 'osdemo why 4711 --watch'],
  patient: true,
  options: (command) =>
    command
      .argument('<pid>', 'process id, as ps -e lists it', processId)
      .option('--watch', 'look three times a second and report changes, until the process exits'),
  demo: ([pid], { watch }) => why(pid, watch === true),
})
