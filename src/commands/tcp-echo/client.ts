import { echoClient } from '../../demos/socket/echo-client.js'
import { UsageError } from '../../errors.js'
import { toolCommand } from '../lib/spec.js'
import { count, duration, hostName, size, wholeNumber } from '../lib/values.js'
import { replyOption } from './reply.js'

export const spec = toolCommand({
  onStdout: ['sent', 'received'],
  examples: [
    'osdemo tcp-echo client hello world',
    'osdemo tcp-echo client --chunk 1 --delay 50ms "byte by byte"',
    'seq 1000 | osdemo tcp-echo client            # each line is a frame',
    'osdemo tcp-echo client --size 64KiB --count 100 > /dev/null',
    'osdemo tcp-echo client --reply body hello    # answers have no header',
  ],
  options: (command) =>
    command
      .argument('[message...]', 'each is sent as a frame; without one, each line of stdin is a frame')
      .option('--host <host>', 'address of the server', hostName, '127.0.0.1')
      .option('--port <port>', 'port of the server', wholeNumber(1, 65_535), 7007)
      .addOption(replyOption('what the server answers a frame with'))
      .option('--chunk <n>', 'write n bytes at a time', count)
      .option('--delay <duration>', 'pause between two writes', duration)
      .option('--count <n>', 'send the messages n times', count)
      .option('--size <size>', 'send a message of this many bytes', size(0, 2 ** 28)),
  demo([operands], { host, port, reply, chunk, delay, count: rounds, size: length }, { payload, events }) {
    const given = operands.length > 0 || length !== undefined
    if (!given && rounds !== undefined) {
      throw new UsageError(
        '--count repeats messages, but these come from stdin',
        'Give a message, or --size.',
      )
    }
    return echoClient({
      host,
      port,
      reply,
      messages: given ? operands : null,
      size: length ?? null,
      rounds: rounds ?? 1,
      chunk: chunk ?? null,
      delayMs: delay?.milliseconds ?? 0,
      print: payload,
      report: events,
      check: true,
      hold: false,
    })
  },
})
