/**
 * Runs the checks of a lab against the program of a student. Where the kernel allows it, this process is pid 1 of a pid namespace, which
 * no signal from inside can kill, and everything that the program leaves behind goes with it.
 */
import { runCheck, usualSeconds } from '../lab/context.js'
import { labs } from '../lab/labs/index.js'
import { isAsNew } from '../lab/left-behind.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'

export interface LabCheckerConfig {
  /** The name of a lab; undefined for all of them. */
  lab: string | undefined
  command: string[]
  /** A private folder. */
  folder: string
  /** Multiplies every time. */
  scale: number
  isolated: boolean
  /** Words that start a program without the privileges of this process. */
  inside: readonly string[]
  /** Print the sheet of the lab on stdout. */
  print: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'lab-checker': { config: LabCheckerConfig; word: string; runsAs: 'process' }
  }
}

/** How long killed processes may take to disappear, in milliseconds. */
const patience = 300

/**
 * Says first what each lab has. Then each word is the id of a check. Each time it says whether it can run another check: 0 when a
 * program has left something behind, so that the next check needs a new namespace. The supervisor kills it.
 */
runActor<'lab-checker'>(async ({ say, config, nextWord }) => {
  const found = labs.filter(({ name }) => config.lab === undefined || name === config.lab)
  for (const { name, command, sheet, checks } of found) {
    if (config.print) await writeOut(Buffer.from(sheet))
    const [heading = ''] = sheet.split('\n')
    const points = checks.reduce((sum, each) => sum + each.points, 0)
    const data = { lab: name, command, checks: checks.length, points }
    say({ event: 'note', role: 'opening', text: heading.replace(/^#+ */, ''), data })
    for (const { id, title, points, needs = null, seconds = usualSeconds } of checks)
      say({ event: 'note', text: title, data: { id, points, needs, seconds } })
  }
  for (let isReady = true; ; ) {
    say({ event: 'note', role: 'closing', text: 'The next check, please.', data: Number(isReady) })
    const word = await nextWord()
    const check = found.flatMap(({ checks }) => checks).find(({ id }) => id === word)
    if (!check) continue
    say({ event: 'verdict', ...(await runCheck(check, config)) })
    isReady = await isClean(config.isolated)
  }
})

/** Without a namespace of its own, it cannot know. */
async function isClean(isolated: boolean): Promise<boolean> {
  if (!isolated) return true
  for (const end = performance.now() + patience; performance.now() < end; ) {
    if (isAsNew()) return true
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return false
}
