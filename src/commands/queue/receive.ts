import { queueReceive } from '../../demos/queue/receive.js'
import { largestType } from '../../demos/queue/shared-queue.js'
import { toolCommand } from '../lib/spec.js'
import { count } from '../lib/values.js'
import { addWhich, messageType, refuse, typeNeedsSysv, whichQueue } from './which.js'

const rule = `It takes 0, a type N or -N, up to ${largestType}.`

export const spec = toolCommand({
  examples: [
    'osdemo queue receive                # other terminal: osdemo queue send hello',
    'osdemo queue receive --max 1',
    'osdemo queue receive --nonblocking  # receive all messages, then exit',
    'osdemo queue receive --kind sysv --type 3',
  ],
  options: (command) =>
    addWhich(command, ', which is created if it does not exist')
      .option(
        '--type <n>',
        'System V: 0 any message, N the first of type N, -N the lowest type up to N (default: 0)',
        messageType(-largestType, rule),
      )
      .option('--max <n>', 'exit after n messages', count)
      .option('--nonblocking', 'fail with EAGAIN or ENOMSG when there is no message, instead of waiting'),
  onStdout: ['received'],
  demo(_, { kind, name, key, type, max, nonblocking }, { payload, events }) {
    const which = whichQueue({ kind, name, key })
    if (which.kind === 'posix') refuse('--type', type, typeNeedsSysv)
    return queueReceive({
      which: which.kind === 'posix' ? which : { ...which, type: type ?? 0n },
      max: max ?? null,
      nonblocking: nonblocking ?? false,
      print: payload,
      report: events,
    })
  },
})
