import { InvalidArgumentError } from '@commander-js/extra-typings'
import { labCheck } from '../../demos/lab/check.js'
import { formatNames, type ReportFile } from '../../demos/lab/save-reports.js'
import { UsageError } from '../../errors.js'
import { reportCommand } from '../lib/spec.js'

const names = formatNames.join(', ')

export const spec = reportCommand({
  examples: [
    'osdemo lab check echo-server -- ./server {port}',
    'osdemo lab check echo-server -- python3 server.py {port}',
    'osdemo lab check echo-server --only reset -- java Server {port}',
    'osdemo lab check echo-server --report junit=r.xml -- ./server {port}',
  ],
  patient: true,
  options: (command) =>
    command
      .usage('[options] <name> -- command...')
      .argument('<name>', 'a lab of `osdemo lab list`')
      .argument('[command...]', 'the program and its arguments, with {port}, {path}, {key}, {name}, {n}')
      .option('--only <ids>', 'run only these checks', (text) => text.split(','))
      .option('--report <report>', `write a report, as FORMAT=FILE; may be repeated: ${names}`, reportFile)
      .option('--timeout-scale <x>', 'give the program x times as much time', scale)
      .option('--verbose', 'show the steps of the checks that passed too'),
  demo([name, operands], { only, report = [], timeoutScale = 1, verbose = false }, _, command) {
    const stray = operands.slice(0, operands.length - (command?.length ?? 0))
    if (stray.length > 0 || !command?.length)
      throw new UsageError(
        stray.length > 0 ? `unexpected word '${stray[0]}'` : 'no program to check',
        `Write it after --: osdemo lab check ${name} -- ./a.out`,
      )
    return labCheck({ lab: name, command, only, scale: timeoutScale, reports: report, verbose })
  },
})

function reportFile(text: string, earlier: ReportFile[] = []): ReportFile[] {
  const [format = '', ...rest] = text.split('=')
  const path = rest.join('=')
  if (formatNames.includes(format) && path !== '') return [...earlier, { format, path }]
  throw new InvalidArgumentError(`It takes FORMAT=FILE, where FORMAT is one of these: ${names}.`)
}

function scale(text: string): number {
  const number = Number(text)
  if (number >= 0.1 && number <= 100) return number
  throw new InvalidArgumentError('It takes a number from 0.1 to 100.')
}
