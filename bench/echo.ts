/**
 * The throughput of `osdemo tcp-echo`, as users run it, and of servers in Go, C and bare Node (bench/peers). All use the
 * same load generator, which checks the echoes. Run it with `npx tsx bench/echo.ts` after `npm run build`. Arguments
 * select loads by a part of their name.
 *
 * A sleeping virtual CPU needs long to wake up, whatever runs on it. So the ping-pong has both ends on one CPU. In the
 * other loads each end has a CPU of its own.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare, type Side } from './sides.js'

const peers = fileURLToPath(new URL('peers', import.meta.url))
const osdemo = [process.execPath, fileURLToPath(new URL('../bin/osdemo.js', import.meta.url))]

/** The goals: how many times as fast as a peer osdemo should be, by the beginning of the load's name. */
const goals: Record<string, Record<string, number>> = {
  'ping-pong': { 'textbook Go': 1.1, 'C, epoll': 0.9 },
  '64 B, window': { 'textbook Go': 20, 'buffered Go': 1.3, 'C, epoll': 0.8 },
  '64 KiB': { 'textbook Go': 1.2, 'C, epoll': 0.95 },
}

function goalOf(load: string, peer: string): { timesAsFast: number } | undefined {
  const [, ofLoad] = Object.entries(goals).find(([beginning]) => load.startsWith(beginning)) ?? []
  const timesAsFast = ofLoad?.[peer]
  return timesAsFast === undefined ? undefined : { timesAsFast }
}

interface Load {
  name: string
  connections: number
  /** The most frames of a connection that were sent and not yet echoed. */
  window: number
  /** Bytes of a frame's body. */
  size: number
  /** Frames of each connection in a round. */
  frames: number
  /** The CPU of the load generator. The servers run on CPU 0. */
  cpu: number
}

const loads: Load[] = [
  { name: 'ping-pong, 64 B, one CPU', connections: 1, window: 1, size: 64, frames: 20_000, cpu: 0 },
  { name: '64 B, window 64, 16 connections', connections: 16, window: 64, size: 64, frames: 40_000, cpu: 1 },
  { name: '64 KiB, window 1, 1 connection', connections: 1, window: 1, size: 65_536, frames: 10_000, cpu: 1 },
  { name: '64 KiB, window 4, 16 connections', connections: 16, window: 4, size: 65_536, frames: 800, cpu: 1 },
]

/** The commands that build the programs. */
const builds = {
  load: ['gcc', '-O3', '-o', 'load', 'echo_load.c'],
  epoll: ['gcc', '-O2', '-o', 'epoll', 'echo_epoll.c'],
  textbook: ['go', 'build', '-o', 'textbook', 'echo_textbook.go'],
  buffered: ['go', 'build', '-o', 'buffered', 'echo_buffered.go'],
}

const folder = mkdtempSync(join(tmpdir(), 'osdemo-bench-'))
const started: ChildProcess[] = []

/** Builds a program. @returns its path; undefined, after a line that says why, where it cannot be built */
function make(name: keyof typeof builds): string | undefined {
  const [compiler, ...words] = builds[name]
  const file = join(folder, name)
  try {
    execFileSync(
      compiler!,
      words.map((word) => (word === name ? file : word)),
      { cwd: peers, stdio: 'pipe' },
    )
    return file
  } catch (error) {
    process.stdout.write(`skipped ${name}: ${compiler} cannot build it: ${(error as Error).message}\n`)
    return undefined
  }
}

/** Starts a server on CPU 0. @returns the port that its first line names */
async function serve(words: string[]): Promise<number> {
  const child = spawn('taskset', ['-c', '0', ...words], { stdio: ['ignore', 'pipe', 'ignore'] })
  started.push(child)
  let text = ''
  for await (const chunk of child.stdout!) {
    text += chunk
    const port = /^listening on .*:(\d+)\n/.exec(text)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error(`${words.join(' ')} did not print where it listens: ${text}`)
}

/** A round of one load: the milliseconds that the generator measured. It fails when an echo differs. */
function drive(generator: string, port: number, { cpu, connections, window, size, frames }: Load): Side {
  const words = [port, connections, window, size, frames].map(String)
  return async () => {
    const child = spawn('taskset', ['-c', `${cpu}`, generator, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
    })
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`the load generator exited with code ${code}`)
    return Number(text)
  }
}

try {
  const generator = make('load')
  if (generator) {
    const [textbook, buffered, epoll] = [make('textbook'), make('buffered'), make('epoll')]
    const quiet = await serve([...osdemo, 'tcp-echo', '--port', '0', '--quiet'])
    const told = await serve([...osdemo, 'tcp-echo', '--port', '0'])
    const others: [name: string, port: number][] = [
      ['bare Node, no frames', await serve([process.execPath, join(peers, 'echo_bare.mjs')])],
      ...(textbook ? [['textbook Go', await serve([textbook])] as [string, number]] : []),
      ...(buffered ? [['buffered Go', await serve([buffered])] as [string, number]] : []),
      ...(epoll ? [['C, epoll', await serve([epoll])] as [string, number]] : []),
    ]
    const chosen = loads.filter(({ name }) => process.argv.slice(2).every((word) => name.includes(word)))
    for (const load of chosen) {
      const ours = drive(generator, quiet, load)
      for (const [name, port] of others)
        await compare(`${load.name} / ${name}`, ours, drive(generator, port, load), goalOf(load.name, name))
      await compare(`${load.name}, with its story / without`, drive(generator, told, load), ours)
    }
  }
} finally {
  for (const child of started) child.kill()
  rmSync(folder, { recursive: true, force: true })
}
