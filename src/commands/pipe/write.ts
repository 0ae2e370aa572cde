import { fstatSync } from 'node:fs'
import { pipeWrite } from '../../demos/pipe/write.js'
import { UsageError } from '../../errors.js'
import { toolCommand } from '../lib/spec.js'
import { count, duration } from '../lib/values.js'

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
        'each is sent as a line; without one, stdin is copied, or Message 0, 1, ... are sent',
      )
      .option('--path <path>', 'the FIFO, made when it is missing (default: one of your own)')
      .option('--count <n>', 'send the messages n times; without a message, how many to send', count)
      .option('--interval <duration>', 'pause between two messages', duration),
  demo([messages], { path, count: rounds, interval }) {
    const cut = messages.find((message) => message.includes('\n'))
    if (cut !== undefined) {
      throw new UsageError(
        `the message ${JSON.stringify(cut)} has a newline in it, but a message is one line`,
        'give each line as a message of its own, or send it on stdin: printf "a\\nb\\n" | osdemo pipe write',
      )
    }
    const pause = interval?.milliseconds
    if (messages.length > 0) return pipeWrite({ path, messages, rounds: rounds ?? 1, intervalMs: pause ?? 0 })
    if (rounds === undefined && stdinHasContent()) {
      if (interval === undefined) return pipeWrite({ path, messages: null, rounds: 1, intervalMs: 0 })
      throw new UsageError(
        '--interval paces messages, but stdin is copied as it is',
        'give messages, or --count N to send Message 0, Message 1, ...',
      )
    }
    return pipeWrite({ path, messages: rounds ?? 10, rounds: 1, intervalMs: pause ?? 1000 })
  },
})

/** A file, a pipe or a socket is to be copied; a terminal or /dev/null (as bash gives to `command &`) is not. */
function stdinHasContent(): boolean {
  const stats = fstatSync(0)
  return stats.isFile() || stats.isFIFO() || stats.isSocket()
}
