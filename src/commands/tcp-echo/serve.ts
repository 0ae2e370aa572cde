import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { echoServe } from '../../demos/socket/echo-serve.js'
import { toolCommand } from '../lib/spec.js'
import { count, type Duration, duration, hostName, size, wholeNumber } from '../lib/values.js'
import { replyOption } from './reply.js'

export const spec = toolCommand({
  graceful: true,
  examples: [
    'osdemo tcp-echo                     # on 127.0.0.1:7007, until Ctrl-C',
    'osdemo tcp-echo --port 0            # on any free port; the first line has it',
    'osdemo tcp-echo --max-frame 4KiB --idle-timeout 30s',
    'osdemo tcp-echo --reply body        # answers have no header',
  ],
  options: (command) =>
    command
      .option('--host <host>', 'address to listen on', hostName, '127.0.0.1')
      .option('--port <port>', 'port to listen on; 0 chooses any free one', wholeNumber(0, 65_535), 7007)
      .addOption(replyOption('what goes back for each frame'))
      .addOption(
        new Option('--max-frame <size>', 'close a connection that announces a longer frame')
          .argParser(size(0, 2 ** 32 - 1))
          .default(2 ** 24, '16MiB'),
      )
      .option('--max-connections <n>', 'serve at most n connections at a time, and refuse others', count)
      .option('--idle-timeout <duration>', 'close a connection that has been idle for this long', idleTime),
  demo: (_, { host, port, reply, maxFrame, maxConnections, idleTimeout, quiet }, { payload, events }) =>
    echoServe({
      host,
      port,
      reply,
      maxFrame,
      maxConnections: maxConnections ?? null,
      idleTimeoutMs: idleTimeout?.milliseconds ?? null,
      announce: payload,
      watched: events || !quiet,
    }),
})

/** A duration above zero: with zero, every connection would be closed at once. */
function idleTime(text: string): Duration {
  const time = duration(text)
  if (time.milliseconds > 0) return time
  throw new InvalidArgumentError(
    'It takes a duration above zero. Without this option, idle connections stay open.',
  )
}
