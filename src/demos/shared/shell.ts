/** Programs of a few lines of sh: parents that a demo needs, which behave as no Node process can. */
import { DemoFailed, OsdemoError, Unavailable } from '../../errors.js'
import type { Stage } from '../../run/stage.js'
import type { RunningProgram } from '../../run/start-program.js'

export interface Shell extends RunningProgram {
  /** The next line that it, or a child of it, writes. */
  line(): Promise<string>
}

/** What helps where there is no shell, or no cat. */
export const shellHint = 'install dash and coreutils, or busybox'

/** What each script begins with. */
const preamble = `
exec 3<&0
command -v cat >/dev/null || { echo no cat; exit; }
`

/**
 * Starts a script. It finds our pipe as descriptor 3, which its children can read in the background too (the shell gives
 * them /dev/null as stdin): whoever reads it ends with us, however we end.
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
      throw new DemoFailed(`the ${name} (pid ${program.id}) says nothing`, {
        hint: 'run it again',
      })
    },
  }
}
