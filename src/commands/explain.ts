import { explain, listMistakes, mistakes } from '../demos/explain.js'
import { UsageError } from '../errors.js'
import { closest } from './lib/closest.js'
import { reportCommand } from './lib/spec.js'

export const spec = reportCommand({
  examples: ['osdemo explain', 'osdemo explain pipe/write-end-left-open'],
  options: (command) => command.argument('[id]', 'the id of a finding; without it, all are listed'),
  demo([id]) {
    if (id === undefined) return listMistakes
    if (mistakes.includes(id)) return explain(id)
    const meant = closest(id, mistakes)
    throw new UsageError(
      `there is no finding '${id}'`,
      meant === undefined ? 'See all of them: osdemo explain' : `Did you mean ${meant}?`,
    )
  },
})
