/** The verdicts as a table by topic. */
import type { Stage } from '../../run/stage.js'
import { checks } from './checks.js'
import { type Judgement, type Need, other, type Verdict } from './judge.js'

/** How many characters fit in this column, beside the others, on a terminal of 80 columns. */
const widest = 30

/** Commands of a topic that share their verdict and one reason for it. A command with two reasons stands in two groups. */
interface Alike {
  topic: string
  verdict: Verdict
  need: Need | null
  members: Judgement[]
}

export function sayTable(stage: Stage, judged: Judgement[]): void {
  const groups = new Map<string, Alike>()
  const hasLack = judged.some(({ missing }) => missing.length > 0)
  const isOther = ({ topic }: Judgement) => Number(topic === other)
  for (const each of judged.toSorted((one, two) => isOther(one) - isOther(two))) {
    const { topic, verdict, missing } = each
    for (const need of missing.length > 0 ? missing : [null]) {
      const key = `${topic} ${verdict} ${need}`
      const group = groups.get(key) ?? { topic, verdict, need, members: [] }
      group.members.push(each)
      groups.set(key, group)
    }
  }
  for (const { topic, verdict, need, members } of groups.values()) {
    const isWhole = topic !== other && members.length === judged.filter((each) => each.topic === topic).length
    const missing = need === null ? '' : checks[need].name
    for (const part of isWhole ? [members] : inRows(members)) {
      const names = isWhole ? `all ${members.length}` : namesOf(part)
      const cells = { TOPIC: topic, COMMANDS: names, STATUS: verdict }
      stage.say({
        event: 'note',
        role: 'step',
        text: `${topic}, ${names}: ${verdict}${missing && `, missing: ${missing}`}`,
        row: { table: 'Commands by topic', cells: hasLack ? { ...cells, MISSING: missing } : cells },
        data: { topic, commands: part.map(({ command }) => command), verdict, need },
      })
    }
  }
}

const namesOf = (members: Judgement[]) => members.map(({ name }) => name).join(', ')

/** Cuts a list so that the names of each part fit in a row. */
function inRows(members: Judgement[]): Judgement[][] {
  const rows: Judgement[][] = []
  for (const member of members) {
    const last = rows.at(-1)
    if (last && namesOf([...last, member]).length <= widest) last.push(member)
    else rows.push([member])
  }
  return rows
}
