import { InvalidArgumentError } from '@commander-js/extra-typings'
import { processGrow } from '../../demos/process/grow.js'
import { layoutOf, layoutOfCommand, processLayout } from '../../demos/process/layout.js'
import { UsageError } from '../../errors.js'
import { demoCommand } from '../lib/spec.js'
import { processId } from '../lib/values.js'

export const spec = demoCommand({
  examples: [
    'osdemo process layout                 # a small child process',
    'osdemo process layout $$              # your shell',
    'osdemo process layout --grow          # what grows when a program allocates and recurses',
    'osdemo process layout -- ./a.out 1 2  # a program of yours; it is looked at when it waits',
  ],
  options: (command) =>
    command
      .usage('[options] [pid] [-- command...]')
      .argument('[pid...]', 'a process that is there already')
      .option('--grow', 'a child that allocates memory and recurses: which parts grow, and which do not'),
  demo([operands], { grow }, _, command) {
    const [pid, ...others] = command ? operands.slice(0, operands.length - command.length) : operands
    if (others.length > 0) throw new UsageError('one PID at a time', 'see osdemo process layout --help')
    if (command?.length === 0)
      throw new UsageError('there is no command after --', 'osdemo process layout -- ./a.out')
    if (pid !== undefined && command) {
      throw new UsageError('a PID and a COMMAND do not go together', 'leave one of them out')
    }
    if (grow && (pid !== undefined || command)) {
      throw new UsageError('--grow takes a child of its own', 'leave out the PID or the COMMAND')
    }
    if (grow) return processGrow
    if (command) return layoutOfCommand(command)
    return pid === undefined ? processLayout : layoutOf(toPid(pid))
  },
})

function toPid(text: string): number {
  try {
    return processId(text)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw new UsageError(
      `'${text}' is no pid. ${error.message}`,
      'a command stands after --: osdemo process layout -- ./a.out',
    )
  }
}
