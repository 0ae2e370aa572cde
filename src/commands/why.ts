import { why } from '../demos/why/index.js'
import { reportCommand } from './lib/spec.js'
import { processId } from './lib/values.js'

export const spec = reportCommand({
  examples: ['osdemo why 4711', 'osdemo why 4711 --watch', 'sleep 60 & osdemo why $!'],
  options: (command) =>
    command
      .argument('<pid>', 'a process, as ps -e lists it', processId)
      .option('--watch', 'look again and again, and tell what has changed, until it has ended'),
  demo: ([pid], { watch }) => why(pid, watch === true),
})
