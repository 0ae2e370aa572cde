/** An echo server that runs until it is asked to stop: the tool `tcp-echo serve`. */
import type { EchoServerConfig } from '../../actors/echo-server.js'
import { DemoFailed } from '../../errors.js'
import { openFilesLimit } from '../../proc/limits.js'
import type { Demo } from '../../run/stage.js'

/** With fewer descriptors Node cannot even load the server's program, and says so with a stack. */
const fewestDescriptors = 48

export function echoServe(config: EchoServerConfig): Demo {
  return async (stage) => {
    const limit = openFilesLimit()
    if (limit !== undefined && limit < fewestDescriptors) {
      throw new DemoFailed(`a limit of ${limit} open files is too low for a server`, {
        hint: 'raise the limit: ulimit -n 1024',
      })
    }
    const server = await stage.start(
      { program: 'echo-server', name: 'server', config },
      { stdout: config.announce },
    )
    // It may die of a Ctrl-C while it is still starting: the terminal sends that to the whole group.
    const bound = await Promise.race([server.until('created'), stage.stopped])
    if (bound) {
      const { host, port } = bound
      const where = [
        ...(host === '127.0.0.1' ? [] : ['--host', host]),
        ...(port === 7007 ? [] : ['--port', port]),
      ]
      stage.note(
        `ends with Ctrl-C; in another terminal: osdemo tcp-echo client ${['hello', ...where].join(' ')}`,
        'next',
      )
    }
    await stage.stopped
    server.tell('stop')
    await server.ended
  }
}
