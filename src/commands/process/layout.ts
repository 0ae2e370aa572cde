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
    'osdemo process layout --grow          # which parts grow, and when',
    'osdemo process layout -- ./a.out 1 2  # your program, as soon as it waits',
  ],
  options: (command) =>
    command
      .usage('[options] [pid] [-- command...]')
      .argument('[pid...]', 'the process to show (default: a small child process)')
      .option('--grow', 'show which parts grow when a child allocates memory and recurses'),
  demo([operands], { grow }, _, command) {
    const [pid, ...others] = command ? operands.slice(0, operands.length - command.length) : operands
    if (others.length > 0)
      throw new UsageError('more than one PID', 'Name one process: osdemo process layout $$')
    if (command?.length === 0)
      throw new UsageError('there is no command after --', 'Type one: osdemo process layout -- ./a.out')
    if (pid !== undefined && command) {
      throw new UsageError('a PID and a command exclude each other', 'Leave out one of the two.')
    }
    if (grow && (pid !== undefined || command)) {
      throw new UsageError('--grow starts its own child', 'Leave out the PID or the command.')
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
      'To start a program, write -- before it: osdemo process layout -- ./a.out',
    )
  }
}
