/**
 * Which commands work on this machine. Everything that some command needs is tried once, and then each command is judged.
 * The report explains only what is missing. The events contain what works as well.
 */
import { release, type } from 'node:os'
import manifest from '../../../package.json' with { type: 'json' }
import { OsdemoError } from '../../errors.js'
import { version } from '../../run/package.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { keysOf } from '../shared/lists.js'
import { type Check, checks } from './checks.js'
import { allNeeds, type Judgement, judge, type Need, type Needs, type Verdict } from './judge.js'
import { sayTable } from './table.js'

interface Terminal {
  columns: number | undefined
  colors: boolean
}

/** @param commands by name; one that runs others may stand anywhere */
export function doctor(commands: ReadonlyMap<string, Needs>, terminal: Terminal): Demo {
  return async (stage) => {
    const { errors, causes } = await tryAll(stage, [...commands.values()])
    const judged = [...commands.keys()].map((command) => judge(command, commands, causes))
    sayHead(stage, judged, terminal)
    sayTable(stage, judged)
    sayLimits(stage, null, judged)
    for (const [need, error] of errors) explain(stage, need, error, judged)
    const next = 'Next: `osdemo tour` shows everything that works here, one topic after the other.'
    stage.note(next, 'next')
  }
}

function sayHead(stage: Stage, judged: Judgement[], { columns, colors }: Terminal): void {
  const number = (verdict: Verdict) => judged.filter((each) => each.verdict === verdict).length
  const [works, limited, fails] = [number('works'), number('works with limits'), number('does not work')]
  const all = counted(judged.length, 'command')
  const text =
    works === judged.length
      ? `All ${all} work on this machine.`
      : `Of ${all}, ${works} work on this machine, ${limited} work with limits and ${fails} do not.`
  stage.say({ event: 'note', role: 'opening', text, data: { works, limited, fails } })
  const kernel = `${type()} ${release()}`
  const shape = columns === undefined ? 'not a terminal' : `a terminal of ${columns} columns`
  stage.note(`This is osdemo ${version} with Node ${process.version} on ${kernel}.`)
  stage.note(`Its standard output is ${shape}, and colours are ${colors ? 'on' : 'off'}.`)
  sayNode(stage)
}

/** Reports a Node that is too old. */
function sayNode(stage: Stage): void {
  const wanted = manifest.engines.node
  // package.json names a version, such as >=20.19.
  const [major = 0, minor = 0] = wanted.match(/\d+/g)!.map(Number)
  const [ours = 0, ourMinor = 0] = process.versions.node.split('.').map(Number)
  if (ours > major || (ours === major && ourMinor >= minor)) return
  stage.note(`Node ${process.version} is too old for osdemo.`, 'opening')
  stage.note(`Install Node ${major}.${minor} or newer.`, 'next')
}

/**
 * Tries everything that some command needs, and nothing else.
 *
 * @returns for every need that is missing the one that is the cause, and for each of these its error
 */
async function tryAll(stage: Stage, commands: Needs[]) {
  const errors = new Map<Need, OsdemoError>()
  const causes = new Map<Need, Need>()
  const wanted = new Set<Need>(['folder', ...commands.flatMap(allNeeds)])
  for (const need of keysOf(checks).filter((each) => wanted.has(each))) {
    const { name, source, look, after = [] }: Check = checks[need]
    try {
      const seen = await stage.within(look, { silent: true })
      const found = typeof seen === 'string' ? { value: seen } : seen
      stage.say({ event: 'evidence', source, ...found, about: name, detail: true })
    } catch (error) {
      if (!(error instanceof OsdemoError)) throw error
      const cause = [...causes].find(([missing]) => after.includes(missing))?.[1]
      causes.set(need, cause ?? need)
      if (!cause) errors.set(need, error)
    }
  }
  return { errors, causes }
}

/** What is missing, what it is for, what that costs, how to mend it, and the evidence. */
function explain(stage: Stage, need: Need, { message, hint }: OsdemoError, judged: Judgement[]): void {
  const { lack, use, source } = checks[need]
  stage.say({ event: 'note', role: 'opening', text: lack, data: { need } })
  stage.note(use)
  sayLimits(stage, need, judged)
  if (hint) stage.note(hint, 'next')
  stage.evidence(source, message, '')
}

/** The limits that commands have because of one need. */
function sayLimits(stage: Stage, need: Need | null, judged: Judgement[]): void {
  const limited = new Map<string, string[]>()
  for (const { command, limits } of judged) {
    for (const { text } of limits.filter((limit) => limit.need === need)) {
      limited.set(text, [...(limited.get(text) ?? []), command])
    }
  }
  for (const [text, commands] of limited) {
    const shown = commands.length > 3 ? counted(commands.length, 'command') : commands.join(', ')
    stage.say({ event: 'note', role: 'step', text: `Limit of ${shown}: ${text}.`, data: { need, commands } })
  }
}
