/** All demos, one after the other, as chapters of one run. */
import { Unavailable } from '../errors.js'
import { now } from '../events.js'
import { sayRun } from '../run/run.js'
import type { Demo, Stage } from '../run/stage.js'

/** The commands declare the chapters, src/commands/index.ts. */
export interface Chapter {
  command: string
  load(): Promise<Demo>
}

/** The tour takes 25 seconds at most, so on a slow machine no chapter begins later than this, in microseconds. */
const lastBeginning = 17_000_000

export function tour(chapters: readonly Chapter[]): Demo {
  return async (stage) => {
    const begin = now()
    const missed: string[] = []
    for (const { command, load } of chapters) {
      if (now() - begin > lastBeginning) {
        missed.push(`osdemo ${command}`)
        continue
      }
      const demo = await load()
      sayRun(stage.say, command.split(' '))
      await play(stage, demo)
    }
    if (missed.length > 0)
      stage.note(`this machine was too slow for all of it today: see also ${missed.join(', ')}.`, 'next')
  }
}

/** Plays a chapter. One that this machine cannot run, as the demo or one of its actors reports, is noted and passed over. */
async function play(stage: Stage, demo: Demo): Promise<void> {
  try {
    await stage.within(demo)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    stage.note(`not here: ${error.message}`, 'aside')
  }
}
