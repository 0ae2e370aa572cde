/** The tool `tcp-echo client`: a client of an echo server in another terminal. */
import { isatty } from 'node:tty'
import type { EchoClientConfig } from '../../actors/echo-client.js'
import type { Demo } from '../../run/stage.js'

export function echoClient(config: EchoClientConfig): Demo {
  return async (stage) => {
    if (config.messages === null && isatty(0))
      stage.note('Type a line to send it as a frame. Ctrl-D stops.', 'next')
    const client = await stage.start(
      { program: 'echo-client', name: 'client', config },
      { stdin: config.messages === null, stdout: config.print },
    )
    await client.ended
  }
}
