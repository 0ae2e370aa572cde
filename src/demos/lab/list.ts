/** What labs there are, and their task sheets. */
import { UsageError } from '../../errors.js'
import type { Demo } from '../../run/stage.js'
import { startChecker } from './checker.js'

export const labList: Demo = async (stage) => {
  const { labs } = await stage.within(
    async (part) => {
      const checker = await startChecker(part, {})
      return checker
    },
    { silent: true },
  )
  for (const { name, title, command, checks, points } of labs)
    stage.say({
      event: 'note',
      role: 'step',
      text: `${name}: ${title}`,
      data: { name, title, command, checks: checks.length, points },
      row: {
        table: 'Labs',
        cells: { name, task: title, checks: `${checks.length}`, points: `${points}` },
      },
    })
  stage.note('Next: `osdemo lab show echo-server` prints a task sheet.', 'next')
}

/** Prints the sheet. @param print whether stdout takes it */
export function labShow(name: string, print: boolean): Demo {
  return async (stage) => {
    const checker = await startChecker(stage, { lab: name, print })
    if (checker.labs.length === 0)
      throw new UsageError(`there is no lab '${name}'`, 'List them: osdemo lab list')
  }
}
