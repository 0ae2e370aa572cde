/** What an author of a lab writes and uses. */

import type { Peer } from './peer.js'
import type { Ending, Program, StartOptions } from './program.js'

/** An assignment: a task sheet, and the checks of a program that solves it. */
export interface Lab {
  /** As in `osdemo lab check NAME`: small letters, digits and `-`. */
  name: string
  /** The task in Markdown: what to write, how it is called, the protocol. Its first line is the title. */
  sheet: string
  /** How the program is called, with its placeholders: `./server {port}`. */
  command: string
  checks: readonly Check[]
}

export interface Check {
  /** Never changes with the wording: small letters, digits and `-`. */
  id: string
  /** What the program must do, as a sentence without a full stop. */
  title: string
  /** A whole number. */
  points: number
  /** What to look for in the program when the check fails. */
  hint: string
  /** The id of a finding, whose page `osdemo explain` prints. */
  finding?: string
  /** The id of an earlier check. When it has not passed, this one is skipped. */
  needs?: string
  /** So many seconds are allowed; 10 when left out. `--timeout-scale` multiplies them. */
  seconds?: number
  /** Drives the program. The check passes when this resolves. */
  run(lab: Context): Promise<void>
}

/** The values that replace the placeholders of the command. */
export interface Values {
  /** A free TCP port. */
  port: number
  /** A path in a private folder, at which there is nothing yet. */
  path: string
  /** An unused key of System V objects. */
  key: number
  /** An unused name of POSIX objects: `/osdemo-...`. */
  name: string
  /** A number, which the check chooses; 3 when it does not. */
  n: number
}

/** The kernel's word: where it stands, and what it says. */
export interface Evidence {
  source: string
  value: string
}

/** Why a check fails. */
export interface Failure {
  expected: string
  got: string
  evidence?: readonly Evidence[]
  /** Replaces the hint of the check. */
  hint?: string
}

/** What a check works with. */
export interface Context {
  values: Values
  /** Starts the program of the student. Everything that it starts is killed with the check. */
  start(options?: StartOptions): Promise<Program>
  /** Starts it, and waits until it listens on the port. The check fails where it does not. */
  startServer(options?: StartOptions): Promise<Program>
  /** Connects to the port. */
  connect(): Promise<Peer>
  /** Tells what the check does, for the report of a failure. */
  did(step: string): void
  /** The check fails unless `holds`. */
  expect(holds: boolean, failure: Failure | (() => Failure)): void
  /** The check does not apply here. */
  skip(reason: string): never
  /** Polls until `look` returns something. Undefined when so many seconds have passed; 5 when left out. */
  until<T>(look: () => T | undefined | false, seconds?: number): Promise<T | undefined>
  /** How many milliseconds these seconds are, with `--timeout-scale`. */
  scaled(seconds: number): number
}

export type { Ending, Peer, Program, StartOptions }

/**
 * Checks the form of a lab.
 *
 * @returns the same lab
 * @throws TypeError which names the mistake
 */
export function defineLab(lab: Lab): Lab {
  const seen: string[] = []
  const need = (isRight: boolean, what: string) => {
    if (!isRight) throw new TypeError(`lab ${lab.name}: ${what}`)
  }
  const isName = (text: unknown) => typeof text === 'string' && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text)
  need(isName(lab.name), 'its name may have small letters, digits and -')
  need(typeof lab.sheet === 'string', 'it has no sheet')
  need(Array.isArray(lab.checks) && lab.checks.length > 0, 'it has no checks')
  for (const { id, title, points, hint, needs, run } of lab.checks) {
    need(isName(id), `the id ${id} may have small letters, digits and -`)
    need(!seen.includes(id), `two checks have the id ${id}`)
    need(typeof title === 'string' && typeof hint === 'string', `${id} has no title or no hint`)
    need(Number.isInteger(points) && points >= 0, `the points of ${id} are no whole number`)
    need(needs === undefined || seen.includes(needs), `${id} needs ${needs}, which is no earlier check`)
    need(typeof run === 'function', `${id} has no function run`)
    seen.push(id)
  }
  return lab
}
