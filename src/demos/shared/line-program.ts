/** A program that is no actor, and whose lines of output the demo waits for one by one. */
import { DemoFailed } from '../../errors.js'
import type { Ending } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'

export interface LineProgram {
  readonly name: string
  readonly id: number
  /** Sends a line to its stdin. */
  tell(line: string): void
  /**
   * The next line that it prints, or the next one that matches; those before it stay. Undefined when it exits, or prints no such
   * line for 10 s. The line may come later then.
   */
  next(pattern?: RegExp): Promise<string | undefined>
  /** How it ended, as soon as it has. */
  ending(): Ending | undefined
}

/** How long to wait for the last line of a program that has exited, in milliseconds. It is in the pipe already. */
const late = 50

export async function startLineProgram(stage: Stage, name: string, words: string[]): Promise<LineProgram> {
  const lines: string[] = []
  let ending: Ending | undefined
  const { id, tell, ended } = await stage.startProgram(name, words, (line) => lines.push(line))
  const onEnd = (how: Ending) => {
    ending = how
  }
  // It rejects when the stage is over before the program is.
  ended.then(onEnd, () => {})
  return {
    name,
    id,
    tell,
    async next(pattern = /^/) {
      const hasCome = () => lines.some((line) => pattern.test(line))
      await stage.poll(() => hasCome() || ending !== undefined, 10_000)
      if (!hasCome()) await stage.poll(hasCome, late)
      const at = lines.findIndex((line) => pattern.test(line))
      return at < 0 ? undefined : lines.splice(at, 1)[0]
    },
    ending: () => ending,
  }
}

/** The error for a program that did not print what a demo needs. */
export function printedNothing(name: string, words: string[]): DemoFailed {
  return new DemoFailed(`the ${name} program exited or printed nothing: ${words[0]}`, {
    hint: `Run it on its own: ${words.join(' ')}`,
  })
}
