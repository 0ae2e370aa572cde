/** The tool `tcp-echo client`: a client of an echo server in another terminal. */
import type { EchoClientConfig } from '../../actors/echo-client.js'
import type { Demo } from '../../run/stage.js'

export function echoClient(config: EchoClientConfig): Demo {
  return async (stage) => {
    const client = await stage.start(
      { program: 'echo-client', name: 'client', config },
      { stdin: config.messages === null, stdout: config.print },
    )
    await client.ended
  }
}
