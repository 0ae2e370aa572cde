import { doctor } from '../demos/doctor/index.js'
import { colorLevel } from '../views/color.js'
import { commands } from './index.js'
import { reportCommand } from './lib/spec.js'
import { chapters } from './tour.js'

export const spec = reportCommand({
  examples: ['osdemo doctor', "osdemo doctor --json | jq -r 'select(.data.verdict?) | .data'"],
  options: (command) => command,
  demo(_, { color }) {
    const needs = new Map([...commands].map(([path, entry]) => [path, entry.needs]))
    needs.delete('doctor')
    needs.set('tour', { plays: chapters.map(({ command }) => command).filter((path) => needs.has(path)) })
    return doctor(needs, {
      columns: process.stdout.isTTY ? process.stdout.columns : undefined,
      colors: colorLevel(process.stdout, color) > 0,
    })
  },
})
