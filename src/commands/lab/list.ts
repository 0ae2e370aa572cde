import { labList } from '../../demos/lab/list.js'
import { reportCommand } from '../lib/spec.js'

export const spec = reportCommand({
  examples: ['osdemo lab list', 'osdemo lab list --json'],
  options: (command) => command,
  demo: () => labList,
})
