/** Programs of a few lines of sh: parents that a demo needs, which behave as no Node process can. */
import { DemoFailed, OsdemoError, Unavailable } from '../errors.js'
import type { Stage } from '../run/stage.js'
import type { Program } from '../run/start-program.js'

export interface Shell extends Program {
  /** The next line that it, or a child of it, writes. */
  line(): Promise<string>
}

/**
 * Starts a script. It finds our pipe as descriptor 3, which its children can read in the background too (the shell gives
 * them /dev/null as stdin): whoever reads it ends with us, however we end.
 *
 * @throws Unavailable where there is no sh
 */
export async function startShell(stage: Stage, name: string, script: string): Promise<Shell> {
  const lines: string[] = []
  const program = await stage
    .startProgram(name, ['sh', '-c', `exec 3<&0\n${script}`], (line) => lines.push(line))
    .catch((error: unknown) => {
      if (!(error instanceof OsdemoError) || error.errno !== 'ENOENT') throw error
      throw new Unavailable('there is no sh in PATH', 'install a POSIX shell: dash, bash or busybox', error)
    })
  return {
    ...program,
    async line() {
      const line = await stage.poll(() => lines.shift())
      if (line === undefined) throw new DemoFailed(`the ${name} (pid ${program.id}) said nothing within 5 s`)
      return line
    },
  }
}
