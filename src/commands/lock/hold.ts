import { Option } from '@commander-js/extra-typings'
import { lockHold } from '../../demos/lock/hold.js'
import { toolCommand } from '../lib/spec.js'
import { filePath } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo lock hold FILE              # the same in another terminal: it waits',
    'osdemo lock hold FILE --shared     # several at the same time',
    'osdemo lock hold FILE --kind fcntl # a record lock, of another kind',
  ],
  options: (command) =>
    command
      .argument('<file>', 'the file to lock', filePath)
      .option('--shared', 'a shared lock, not an exclusive one')
      .addOption(
        new Option(
          '--kind <kind>',
          'the call: flock(2), or fcntl(2) with a record lock or an open file description lock',
        )
          .choices(['flock', 'fcntl', 'ofd'] as const)
          .default('flock' as const),
      ),
  onStdout: ['evidence'],
  demo: ([path], { shared, kind }, { payload }) =>
    lockHold({ path, kind, access: shared ? 'shared' : 'exclusive', print: payload }),
})
