/** The tool `tcp-echo serve`: an echo server that runs until a signal asks it to stop. */
import type { EchoServerConfig } from '../../actors/echo-server.js'
import { DemoFailed } from '../../errors.js'
import { openFilesLimit } from '../../proc/limits.js'
import type { Demo } from '../../run/stage.js'

/** With fewer descriptors Node cannot load the server's program, and would fail with a stack trace. */
const fewestDescriptors = 48

export function echoServe(config: EchoServerConfig): Demo {
  return async (stage) => {
    const limit = openFilesLimit()
    if (limit !== undefined && limit < fewestDescriptors) {
      throw new DemoFailed(`a limit of ${limit} open files is too low for a server`, {
        hint: 'Raise the limit: ulimit -n 1024',
      })
    }
    const server = await stage.start(
      { program: 'echo-server', name: 'server', config },
      { stdout: config.announce },
    )
    // A Ctrl-C may kill it while it is starting, because the terminal sends SIGINT to the whole process group.
    const bound = await Promise.race([server.until('created'), stage.stopped.then(() => undefined)])
    if (bound) {
      const { host, port } = bound
      const where = [
        ...(host === '127.0.0.1' ? [] : ['--host', host]),
        ...(port === 7007 ? [] : ['--port', port]),
        ...(config.reply === 'frame' ? [] : ['--reply', config.reply]),
      ]
      stage.note('Serving until Ctrl-C.', 'next')
      stage.note(`In another terminal: osdemo tcp-echo client ${['hello', ...where].join(' ')}`, 'next')
    }
    await stage.stopped
    server.tell('stop')
    await server.ended
  }
}
