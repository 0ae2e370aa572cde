import { fstatSync } from 'node:fs'
import { pipeWrite } from '../../demos/pipe/write.js'
import { UsageError } from '../../errors.js'
import { toolCommand } from '../lib/spec.js'
import { count, duration, filePath } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo pipe write                     # Message 0 to Message 9, one a second',
    'osdemo pipe write hello world         # two messages',
    'osdemo pipe write --count 3 --interval 100ms ping',
    'osdemo pipe write --path /tmp/p < file',
  ],
  options: (command) =>
    command
      .argument(
        '[message...]',
        'each is sent as a line; without one, copy stdin, or send Message 0, Message 1, ...',
      )
      .option('--path <path>', 'path of the FIFO; made if missing (default: one of your own)', filePath)
      .option('--count <n>', 'send the messages n times; without a message, send n numbered ones', count)
      .option('--interval <duration>', 'pause between two messages', duration),
  demo([messages], { path, count: rounds, interval }) {
    const cut = messages.find((message) => message.includes('\n'))
    if (cut !== undefined) {
      throw new UsageError(
        `the message ${JSON.stringify(cut)} contains a newline, but a message is one line`,
        'Give each line as a message of its own, or send it on stdin: printf "a\\nb\\n" | osdemo pipe write',
      )
    }
    const pause = interval?.milliseconds
    if (messages.length > 0) return pipeWrite({ path, messages, rounds: rounds ?? 1, intervalMs: pause ?? 0 })
    if (rounds === undefined && stdinHasContent()) {
      if (interval === undefined) return pipeWrite({ path, messages: null, rounds: 1, intervalMs: 0 })
      throw new UsageError(
        '--interval paces messages, but stdin is copied as it is',
        'Give messages, or --count N to send Message 0, Message 1, ...',
      )
    }
    return pipeWrite({ path, messages: rounds ?? 10, rounds: 1, intervalMs: pause ?? 1000 })
  },
})

/** Whether to copy stdin: a file, a pipe or a socket, but not a terminal or /dev/null, which bash gives to `command &`. */
function stdinHasContent(): boolean {
  const stats = fstatSync(0)
  return stats.isFile() || stats.isFIFO() || stats.isSocket()
}
