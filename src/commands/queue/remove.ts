import { defaultName } from '../../demos/queue/named-queue.js'
import { queueRemove } from '../../demos/queue/remove.js'
import { toolCommand } from '../lib/spec.js'

export const spec = toolCommand({
  examples: ['osdemo queue remove', 'osdemo queue remove --name /jobs'],
  options: (command) => command.option('--name <name>', 'name of the queue', defaultName),
  demo: (_, { name }) => queueRemove(name),
})
