/** The process that runs the checks, and what it reports about the labs. */
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Event, VerdictFact } from '../../events.js'
import { findIsolation } from '../../run/isolation.js'
import { runFolder } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'

export interface LabFacts {
  name: string
  title: string
  command: string
  points: number
  checks: CheckFacts[]
}

export interface CheckFacts {
  id: string
  title: string
  points: number
  needs: string | undefined
  seconds: number
}

export interface Checker {
  labs: LabFacts[]
  /** Undefined when the process has not answered in time, or has exited. */
  check(id: string, seconds: number): Promise<VerdictFact | undefined>
  /** Whether it can run another check. */
  isReady(): Promise<boolean>
}

interface Options {
  /** The name of a lab; undefined for all. */
  lab?: string
  command?: string[]
  scale?: number
  print?: boolean
}

/** How long the process may take to report a verdict after the time of a check, in milliseconds. */
const patience = 15_000

export async function startChecker(
  stage: Stage,
  { lab, command = [], scale = 1, print = false }: Options,
): Promise<Checker> {
  const { namespaces, launcher, inside } = await findIsolation()
  const config = {
    lab,
    command,
    scale,
    print,
    folder: makeFolder(stage),
    isolated: namespaces.length > 0,
    inside,
  }
  const actor = await stage.start(
    { program: 'lab-checker', name: 'checker', config, launcher },
    { stdout: print },
  )
  const answers = (event: Event) => event.event === 'note' && event.role === 'closing'
  let rounds = 0
  /** Its answer after so many checks. */
  const isReady = async () => {
    const isNew = () => actor.events.filter(answers).length > rounds
    await Promise.race([actor.until('note', isNew), actor.ended])
    const last = actor.events.filter(answers).at(-1)
    return last?.event === 'note' && last.data === 1 && isNew()
  }
  await isReady()
  return {
    labs: labsIn(actor.events),
    async check(id, seconds) {
      rounds++
      actor.tell(id)
      const timer = setTimeout(() => actor.kill(), seconds * 1000 * scale + patience)
      try {
        return await Promise.race([
          actor.until('verdict', (verdict) => verdict.id === id),
          actor.ended.then(() => undefined),
        ])
      } finally {
        clearTimeout(timer)
      }
    },
    isReady,
  }
}

/** Where a program of a student may leave files, in a part of the run. */
function makeFolder({ scope }: Stage): string {
  const folder = mkdtempSync(join(runFolder(), 'lab-'))
  scope.defer(() => {
    rmSync(folder, { recursive: true, force: true })
    try {
      rmdirSync(dirname(folder))
    } catch {
      // The run has more in its folder.
    }
  })
  return folder
}

function labsIn(events: readonly Event[]): LabFacts[] {
  const labs: LabFacts[] = []
  for (const event of events) {
    if (event.event !== 'note' || typeof event.data !== 'object' || Array.isArray(event.data)) continue
    const { lab, command, points, id, needs, seconds } = event.data
    if (typeof lab === 'string')
      labs.push({ name: lab, title: event.text, command: `${command}`, points: Number(points), checks: [] })
    else if (typeof id === 'string')
      labs.at(-1)?.checks.push({
        id,
        title: event.text,
        points: Number(points),
        needs: typeof needs === 'string' ? needs : undefined,
        seconds: Number(seconds),
      })
  }
  return labs
}
