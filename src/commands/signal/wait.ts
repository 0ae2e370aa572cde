import { signalWait } from '../../demos/signal/wait.js'
import { toolCommand } from '../lib/spec.js'
import { count } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo signal wait              # other terminal: kill -USR1 PID',
    'osdemo signal wait --count 3    # exit after three signals',
  ],
  options: (command) => command.option('--count <n>', 'exit after n signals', count),
  onStdout: ['evidence'],
  demo: (_, { count }, { payload }) => signalWait({ count: count ?? null, print: payload }),
})
