/** Programs of students for the labs, and the verdicts about them. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { VerdictFact } from '../../src/events.js'
import { cc } from './compiler.js'
import { temporaryFolder } from './folders.js'
import { invalidEvents, newPlace, parseEvents, type RunOptions } from './osdemo.js'

/** A wrong program: one classic bug, as an edit of a right one. */
export interface Wrong {
  name: string
  /** A right program in C, in the folder of the lab. */
  of: string
  edits: [from: string, to: string][]
  /** The check that it fails. */
  fails: string
}

/** Compiles a program of `test/lab/programs`, after edits, and returns its path. */
export function programOf(lab: string, file: string, edits: Wrong['edits'] = []): string {
  let text = readFileSync(join('test/lab/programs', lab, file), 'utf8')
  for (const [from, to] of edits) {
    expect(text).toContain(from)
    text = text.replace(from, () => to)
  }
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'program.c'), text)
  const words = ['-w', '-O1', '-o', join(folder, 'program'), join(folder, 'program.c'), '-lpthread']
  expect(spawnSync(cc, words).stderr.toString()).toBe('')
  return join(folder, 'program')
}

/** Checks a program, with much time. @param words options, `--` and the command */
export async function checked(lab: string, words: string[], options: RunOptions = {}) {
  const place = newPlace()
  const run = place.osdemo(['lab', 'check', lab, '--json', '--timeout-scale', '3', ...words], options)
  const exit = await run.exit
  const events = parseEvents(run.stdout())
  expect(invalidEvents(events)).toEqual([])
  expect(place.leftovers()).toEqual([])
  const verdicts = events.filter(
    (event): event is VerdictFact & (typeof events)[number] => event.event === 'verdict',
  )
  const idsOf = (...outcomes: string[]) =>
    verdicts.filter(({ outcome }) => outcomes.includes(outcome)).map(({ id }) => id)
  return { exit, events, verdicts, idsOf, stderr: run.stderr() }
}
