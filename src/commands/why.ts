import { why } from '../demos/why/index.js'
import { UsageError } from '../errors.js'
import type { CommandSpec } from './lib/spec.js'
import { processId } from './lib/values.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo why 4711', 'osdemo why 4711 --watch', 'sleep 60 & osdemo why $!'],
  configure(command) {
    command
      .argument('<pid>', 'a process, as ps -e lists it', processId)
      .option('--watch', 'look again and again, and tell what has changed, until it has ended')
  },
  demo([pid], { watch }) {
    if (pid === undefined) throw new UsageError('why needs the pid of a process', 'ps -e lists them')
    return why(Number(pid), watch === true)
  },
}
