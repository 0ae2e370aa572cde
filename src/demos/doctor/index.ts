/** What of all commands can run on this machine: each thing that one needs is tried, and then each command is judged. */
import manifest from '../../../package.json' with { type: 'json' }
import { OsdemoError } from '../../errors.js'
import type { Demo, Stage } from '../../run/stage.js'
import { keysOf } from '../shared/lists.js'
import { checks } from './checks.js'

export type Need = keyof typeof checks

/** What a command takes of the machine. */
export interface Needs {
  /** Without one of these it cannot run. */
  must?: readonly Need[]
  /** Without one of these it runs in part; the text says in which. */
  better?: Partial<Record<Need, string>>
  /** Good to know, and no matter for the verdict. */
  also?: readonly Need[]
  /** Commands that it plays, and passes over where they cannot run. */
  plays?: readonly string[]
}

interface Terminal {
  columns: number | undefined
  colors: boolean
}

type Verdict = 'runs here' | 'runs in part' | 'cannot run'

/** @param commands by name; one that plays others stands anywhere */
export function doctor(commands: ReadonlyMap<string, Needs>, terminal: Terminal): Demo {
  return async (stage) => {
    sayNode(stage)
    const shape = terminal.columns === undefined ? 'no terminal' : `a terminal of ${terminal.columns} columns`
    stage.note(`stdout: ${shape}, ${terminal.colors ? 'with' : 'without'} colours`)
    const lacks = await lookAround(stage, [...commands.values()])
    const count = { 'runs here': 0, 'runs in part': 0, 'cannot run': 0 }
    for (const name of commands.keys()) {
      const { verdict, why } = assess(name, commands, lacks)
      count[verdict]++
      stage.note(`${verdict.padEnd(12)} ${name}${why}`)
    }
    stage.note(
      `of ${commands.size} commands ${count['runs here']} run here, ${count['runs in part']} in part, ` +
        `${count['cannot run']} cannot`,
      'closing',
    )
  }
}

function sayNode(stage: Stage): void {
  const wanted = manifest.engines.node
  // package.json names a version, such as >=20.19.
  const [major = 0, minor = 0] = wanted.match(/\d+/g)!.map(Number)
  const [ours = 0, ourMinor = 0] = process.versions.node.split('.').map(Number)
  const enough = ours > major || (ours === major && ourMinor >= minor)
  stage.note(`Node ${process.version}; osdemo needs ${wanted}${enough ? '' : ', so install a newer one'}`)
}

/** Tries everything that some command needs, and nothing else. Returns what is lacking, and why. */
async function lookAround(stage: Stage, commands: Needs[]): Promise<Map<Need, OsdemoError>> {
  const lacks = new Map<Need, OsdemoError>()
  const wanted = new Set(commands.flatMap(allNeeds))
  const remarked = new Set(commands.flatMap(({ also = [] }) => also))
  for (const need of keysOf(checks).filter((each) => wanted.has(each))) {
    const { about, source, look } = checks[need]
    try {
      const seen = await stage.within(look, { silent: true })
      if (typeof seen === 'string') stage.evidence(source, seen, about)
      else stage.evidence(source, seen.value, about, { data: seen.data })
    } catch (error) {
      if (!(error instanceof OsdemoError)) throw error
      lacks.set(need, error)
      // No verdict repeats what is only good to know, so its hint is shown here.
      stage.evidence(source, remarked.has(need) ? reason(error) : error.message, about)
    }
  }
  return lacks
}

export function allNeeds({ must = [], better = {}, also = [] }: Needs): Need[] {
  return [...must, ...keysOf(better), ...also]
}

function assess(
  name: string,
  commands: ReadonlyMap<string, Needs>,
  lacks: Map<Need, OsdemoError>,
): { verdict: Verdict; why: string } {
  // The name is a key of the map, or it stands in a list `plays`, which has names of commands only.
  const { must = [], better = {}, plays = [] } = commands.get(name)!
  const fatal = must.flatMap((need) => lacks.get(need) ?? [])
  if (fatal.length > 0) return { verdict: 'cannot run', why: `: ${fatal.map(reason).join('; ')}` }
  const partly = keysOf(better).flatMap((need) => {
    const lack = lacks.get(need)
    return lack ? [`${better[need]} (${reason(lack)})`] : []
  })
  const parts = plays.flatMap((part) => {
    const { verdict } = assess(part, commands, lacks)
    return verdict === 'runs here' ? [] : [`${part} ${verdict}`]
  })
  const why = [...partly, ...parts]
  if (why.length > 0) return { verdict: 'runs in part', why: `: ${why.join('; ')}` }
  return { verdict: 'runs here', why: '' }
}

function reason({ message, hint }: OsdemoError): string {
  return hint ? `${message}; ${hint}` : message
}
