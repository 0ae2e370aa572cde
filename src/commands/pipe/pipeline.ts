import { pipePipeline } from '../../demos/pipe/pipeline.js'
import { UsageError } from '../../errors.js'
import { demoCommand } from '../lib/spec.js'

export const spec = demoCommand({
  examples: [
    'osdemo pipe pipeline                              # yes | tr y n | head -n 3',
    "osdemo pipe pipeline -- seq 1 9 '|' sort -r       # your own commands",
  ],
  options: (command) =>
    command
      .usage("[options] [-- command '|' command...]")
      .argument(
        '[command...]',
        "the commands, with '|' between them (default: yes '|' tr y n '|' head -n 3)",
      ),
  demo([operands], _, __, command) {
    const stray = operands.slice(0, operands.length - (command?.length ?? 0))
    if (stray.length > 0)
      throw new UsageError(
        `unexpected word '${stray[0]}'`,
        "Write -- before the commands: osdemo pipe pipeline -- yes '|' head -n 3",
      )
    return pipePipeline(command)
  },
})
