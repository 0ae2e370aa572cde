import { Unavailable } from '../../errors.js'
import { compiled } from '../../run/compile.js'
import type { Stage } from '../../run/stage.js'
import { requireProc } from './require-proc.js'

/**
 * The path of a C program for a part of a demo, which is shown without that part where it cannot run.
 *
 * @param name of a file in `examples`, without its ending
 * @param part what is not observed without it
 * @returns undefined where it cannot be compiled, or where /proc does not show it
 */
export async function compiledIfPossible(
  stage: Stage,
  name: string,
  part: string,
): Promise<string | undefined> {
  try {
    requireProc('this part')
    return await compiled(name)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    stage.note(`Not observed: ${part}, because ${error.message}.`, 'aside')
    return undefined
  }
}
