import { Option } from '@commander-js/extra-typings'
import { whyFiles } from '../demos/why/files.js'
import { why } from '../demos/why/index.js'
import { whySignals } from '../demos/why/signals.js'
import { reportCommand } from './lib/spec.js'
import { processId } from './lib/values.js'

export const spec = reportCommand({
  examples: [
    'sleep 60 & osdemo why $!',
    'osdemo why 4711',
    'osdemo why 4711 --watch',
    'osdemo why 4711 --stack',
    'osdemo why 4711 --signals',
    'osdemo why 4711 --files',
  ],
  patient: true,
  options: (command) =>
    command
      .argument('<pid>', 'process id, as ps -e lists it', processId)
      .option('--watch', 'look three times a second and report changes, until the process exits')
      .option('--stack', 'report the functions of the program too, which eu-stack or gdb finds')
      .addOption(
        new Option('--signals', 'report what each signal does to the process instead').conflicts([
          'watch',
          'stack',
        ]),
      )
      .addOption(
        new Option('--files', 'report what the process has open, leaks and the limit instead').conflicts([
          'watch',
          'stack',
          'signals',
        ]),
      ),
  demo: ([pid], { watch, stack, signals, files }) =>
    signals === true ? whySignals(pid) : files === true ? whyFiles(pid) : why(pid, { watch, stack }),
})
