/**
 * Measures two sides alternately in one run, and prints the ratio as a row of a Markdown table, because absolute times
 * mean little on a virtual machine.
 */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One round of one side: it does the work, checks the result and returns the time in milliseconds. */
export type Side = () => Promise<number> | number

/** The goal of a ratio: so many times as fast as the peer, or at most so many times as long (start-up). */
export type Goal = { timesAsFast: number } | { timesAsLong: number }

/** The head of the table whose rows `compare` prints. */
export const tableHead = '| what, and beside what | goal | median | range | met |\n|---|---|---|---|---|\n'

/**
 * Runs both sides in turn, after one round that does not count, and prints the median of the ratios.
 *
 * @param rounds an odd number, so that there is a middle ratio
 * @returns that median
 */
export async function compare(
  what: string,
  ours: Side,
  peer: Side,
  goal?: Goal,
  rounds = 7,
): Promise<number> {
  await ours()
  await peer()
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const mine = await ours()
    const theirs = await peer()
    ratios.push(goal && 'timesAsLong' in goal ? mine / theirs : theirs / mine)
  }
  ratios.sort((a, b) => a - b)
  const middle = ratios[rounds >> 1]!
  const range = `${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)}`
  process.stdout.write(
    `| ${what} | ${goalText(goal)} | ${middle.toFixed(2)} x | ${range} | ${met(middle, goal)} |\n`,
  )
  return middle
}

function goalText(goal: Goal | undefined): string {
  if (!goal) return ''
  return 'timesAsFast' in goal ? `${goal.timesAsFast} x as fast` : `at most ${goal.timesAsLong} x as long`
}

function met(ratio: number, goal: Goal | undefined): string {
  if (!goal) return ''
  const holds = 'timesAsFast' in goal ? ratio >= goal.timesAsFast : ratio <= goal.timesAsLong
  return holds ? 'yes' : 'no'
}

/** Times a function in milliseconds. */
export async function timed(work: () => Promise<void> | void): Promise<number> {
  const start = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - start) / 1e6
}

/**
 * The CPU time that a function uses in this process, in milliseconds. For work that never waits: other processes on
 * the machine then hardly matter.
 */
export async function timedCpu(work: () => Promise<void> | void): Promise<number> {
  const start = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** Compiles bench/peers/NAME.c. @returns the program; undefined, after a line about it, where gcc is missing */
export function compileC(name: string, folder: string): string | undefined {
  const binary = join(folder, name)
  const source = fileURLToPath(new URL(`./peers/${name}.c`, import.meta.url))
  const { error, status } = spawnSync('gcc', ['-O2', '-pthread', '-o', binary, source], { stdio: 'inherit' })
  if (!error && status === 0) return binary
  process.stdout.write(`| ${name}: skipped, gcc is missing | | | | |\n`)
  return undefined
}
