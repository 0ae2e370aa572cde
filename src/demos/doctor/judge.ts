/** Judges each command by what it needs and what the machine lacks. */
import { counted } from '../../text.js'
import { keysOf } from '../shared/lists.js'
import type { checks } from './checks.js'

export type Need = keyof typeof checks

/** What a command needs from the machine. */
export interface Needs {
  /** Without one of these it does not work. */
  must?: readonly Need[]
  /** Without one of these it works with a limit, which the text names. */
  better?: Partial<Record<Need, string>>
  /** These are only reported. The verdict does not depend on them. */
  also?: readonly Need[]
  /** Commands that it runs. It leaves out those that do not work. */
  plays?: readonly string[]
}

export type Verdict = 'works' | 'works with limits' | 'does not work'

export interface Judgement {
  command: string
  /** Its group, and its name there. */
  topic: string
  name: string
  verdict: Verdict
  /** What the verdict depends on. */
  missing: Need[]
  /** How it is limited. For a command that runs others, `need` is null. */
  limits: { need: Need | null; text: string }[]
}

/** The topic of the commands that belong to no group. */
export const other = 'other'

/** @param causes by need that is missing: the need that is the cause, which may be the same */
export function judge(
  command: string,
  commands: ReadonlyMap<string, Needs>,
  causes: ReadonlyMap<Need, Need>,
): Judgement {
  // The name is a key of the map, or it stands in a list `plays`, which has names of commands only.
  const { must = [], better = {}, plays = [] } = commands.get(command)!
  const [first = '', ...rest] = command.split(' ')
  const [topic, name] = rest.length > 0 ? [first, rest.join(' ')] : [other, first]
  const about = { command, topic, name }
  const fatal = new Set(must.flatMap((need) => causes.get(need) ?? []))
  if (fatal.size > 0) return { ...about, verdict: 'does not work', missing: [...fatal], limits: [] }
  const own = keysOf(better).flatMap((key) => {
    const need = causes.get(key)
    return need ? [{ need, text: better[key] ?? '' }] : []
  })
  const verdicts = plays.map((part) => judge(part, commands, causes).verdict)
  const left = verdicts.filter((verdict) => verdict === 'does not work').length
  const limited = verdicts.filter((verdict) => verdict === 'works with limits').length
  const ofParts = [
    ...(left > 0 ? [`it leaves out ${counted(left, 'demo')}`] : []),
    ...(limited > 0 ? [`${counted(limited, 'demo')} in it ${limited === 1 ? 'has' : 'have'} limits`] : []),
  ].map((text) => ({ need: null, text }))
  const limits = [...own, ...ofParts]
  const missing = new Set(own.map(({ need }) => need))
  return {
    ...about,
    verdict: limits.length > 0 ? 'works with limits' : 'works',
    missing: [...missing],
    limits,
  }
}

export function allNeeds({ must = [], better = {}, also = [] }: Needs): Need[] {
  return [...must, ...keysOf(better), ...also]
}
