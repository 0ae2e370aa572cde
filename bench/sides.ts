/**
 * Measures two sides alternately in one run, and prints the ratio of each round as a row of a Markdown table: absolute
 * times mean little here.
 */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One round of one side: does the work, checks its own result, and gives how long it took, in milliseconds. */
export type Side = () => Promise<number> | number

/** What a ratio should be: so many times as fast as the peer, or at most so many times as long (start-up). */
export type Goal = { timesAsFast: number } | { timesAsLong: number }

/** The head of the table that all rows of `compare` belong to. */
export const tableHead = '| what, and beside what | goal | median | range | met |\n|---|---|---|---|---|\n'

/**
 * Runs both sides in turn, after one round that does not count, and prints the median of the rounds' ratios.
 *
 * @param rounds odd, so that there is a middle one
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
 * The processor time that a function takes in this process, in milliseconds. For work that never waits: what else
 * the machine does hardly matters then.
 */
export async function timedCpu(work: () => Promise<void> | void): Promise<number> {
  const start = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** Compiles bench/peers/NAME.c; undefined, with a line that says so, where there is no C compiler. */
export function compileC(name: string, folder: string): string | undefined {
  const binary = join(folder, name)
  const source = fileURLToPath(new URL(`./peers/${name}.c`, import.meta.url))
  const { error, status } = spawnSync('gcc', ['-O2', '-pthread', '-o', binary, source], { stdio: 'inherit' })
  if (!error && status === 0) return binary
  process.stdout.write(`| ${name}: left out, for there is no gcc here | | | | |\n`)
  return undefined
}
