/** Short sh scripts as parents for demos: unlike Node, a script does not reap a child before it calls wait. */
import { DemoFailed, OsdemoError, Unavailable } from '../../errors.js'
import type { Stage } from '../../run/stage.js'
import type { RunningProgram } from '../../run/start-program.js'

export interface Shell extends RunningProgram {
  /** The next line that the script or a child of it prints. */
  line(): Promise<string>
}

/** The hint where there is no shell or no cat. */
export const shellHint = 'Install dash and coreutils, or busybox.'

/** The beginning of each script. */
const preamble = `
exec 3<&0
command -v cat >/dev/null || { echo no cat; exit; }
`

/**
 * Starts a script. Its descriptor 3 is a pipe from osdemo. Children in the background can read it too, although the shell gives
 * them /dev/null as stdin. A process that reads it gets end of file when osdemo exits or is killed, and exits too.
 *
 * @throws Unavailable where there is no sh or no cat
 */
export async function startShell(stage: Stage, name: string, script: string): Promise<Shell> {
  const lines: string[] = []
  const program = await stage
    .startProgram(name, ['sh', '-c', preamble + script], (line) => lines.push(line))
    .catch((error: unknown) => {
      if (!(error instanceof OsdemoError) || error.errno !== 'ENOENT') throw error
      throw new Unavailable('there is no sh in PATH', shellHint, error)
    })
  return {
    ...program,
    async line() {
      const line = await stage.poll(() => lines.shift())
      if (line === 'no cat') throw new Unavailable('there is no cat in PATH', shellHint)
      if (line !== undefined) return line
      throw new DemoFailed(`the ${name} (pid ${program.id}) printed nothing`, {
        hint: 'Run the demo again.',
      })
    },
  }
}
