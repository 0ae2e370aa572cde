/**
 * System V shared memory between two processes, compared with C: the ring, round trips and the lock. A row names how many
 * CPUs the two processes have. A process that spins needs a CPU of its own. A process that sleeps shares one, because the
 * time that a sleeping virtual CPU needs to wake up would otherwise be most of the measurement.
 */
import { strictEqual } from 'node:assert'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { layMutex } from '../src/ipc/shared-mutex.js'
import { layRing, ringBytes } from '../src/ipc/shared-ring/layout.js'
import { attachSegment, makeSegment, privateKey, removeSegment } from '../src/ipc/sysv-shm.js'
import { lockOffsets } from './peers/segment-layout.js'
import { compare, compileC, type Goal, type Side } from './sides.js'

/** Something that two processes do together. `C` is its name in the C program, where both processes use one name. */
interface Way {
  what: string
  first: string
  second?: string
  C: string
  /** The CPU of each process. */
  cpus: [first: number, second: number]
  /** How many messages, round trips or locks each process makes in a round. */
  count: number
  /** The result of the first process at the end of a round. */
  result: number
  lay?: (memory: ArrayBuffer, address: bigint) => void
  goal?: Goal
}

const capacity = 65_536
const size = ringBytes(capacity)
// Many short rounds: when another process uses a CPU for a while, few of them are affected.
const rounds = 21
const messages = 1_000_000
const spins = 200_000
const sleeps = 20_000
const locks = 200_000

function layLocks(_memory: ArrayBuffer, address: bigint): void {
  for (const offset of lockOffsets) layMutex(address + BigInt(offset))
}

/** The sum of the first bytes of so many numbered messages. */
function sumOf(messages: number): number {
  let sum = 0
  for (let i = 0; i < messages; i++) sum += i & 255
  return sum
}

const ways: Way[] = [
  {
    what: 'ring between processes, 64 B, two CPUs / C',
    first: 'receive',
    second: 'send',
    C: 'ring',
    cpus: [0, 1],
    count: messages,
    result: sumOf(messages),
    lay: (memory) => layRing(memory, capacity),
    goal: { timesAsFast: 0.85 },
  },
  {
    what: 'round trip between processes, spinning, two CPUs / C',
    first: 'spin',
    second: 'spin',
    C: 'spin',
    cpus: [0, 1],
    count: spins,
    result: 2 * spins,
    goal: { timesAsFast: 0.85 },
  },
  {
    what: 'round trip between processes, futex, one CPU / C',
    first: 'sleep',
    second: 'sleep',
    C: 'sleep',
    cpus: [1, 1],
    count: sleeps,
    result: 2 * sleeps,
    goal: { timesAsFast: 0.85 },
  },
  {
    what: 'robust mutex, lock and unlock, uncontended / C',
    first: 'lock',
    C: 'lock',
    cpus: [1, 1],
    count: locks,
    result: locks,
    lay: layLocks,
  },
  {
    what: 'robust mutex, to and fro between processes, one CPU / C',
    first: 'handOver',
    second: 'handOver',
    C: 'handOver',
    cpus: [1, 1],
    count: sleeps,
    result: 2 * sleeps,
    lay: layLocks,
  },
]

// Under node_modules, because koffi cannot be bundled and must be found there.
const folder = mkdtempSync(fileURLToPath(new URL('../node_modules/.osdemo-bench-', import.meta.url)))
const peerFile = join(folder, 'segment.mjs')
const started: ChildProcess[] = []

/** Starts a process and waits until it has attached the segment. It exits with this process. */
async function peer(
  way: string,
  end: 'first' | 'second',
  cpu: number,
  segment: number,
): Promise<ChildProcess> {
  const words = [process.execPath, peerFile, way, end, `${segment}`, `${size}`]
  const child = spawn('taskset', ['-c', `${cpu}`, ...words], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  started.push(child)
  await answer(child)
  return child
}

/** The next message of a process. */
async function answer(child: ChildProcess): Promise<unknown> {
  const either = new AbortController()
  const message = once(child, 'message', either)
  const exit = once(child, 'exit', either).then(([code]) => {
    throw new Error(`a peer exited with code ${code}`)
  })
  try {
    return (await Promise.race([message, exit]))[0]
  } finally {
    either.abort()
  }
}

/** Two processes that play all rounds. @returns a side, in milliseconds per message, round trip or lock */
async function ours(way: Way): Promise<Side> {
  const segment = makeSegment(privateKey, size, 0o600)!
  try {
    const { memory, address } = attachSegment(segment, size)
    way.lay?.(memory, address)
  } finally {
    // Removed at once, so that nothing is left behind. Linux allows attaching by id while this process is attached.
    removeSegment(segment)
  }
  const first = await peer(way.first, 'first', way.cpus[0], segment)
  const all = way.second ? [first, await peer(way.second, 'second', way.cpus[1], segment)] : [first]
  return async () => {
    const answers = Promise.all(all.map(answer))
    for (const child of all) child.send(way.count)
    const [mine] = (await answers) as [{ milliseconds: number; result: number }]
    strictEqual(mine.result, way.result)
    return mine.milliseconds / way.count
  }
}

function inC(binary: string, way: Way): Side {
  const words = [way.C, way.count, ...way.cpus].map(String)
  return () => {
    const { stdout, status } = spawnSync(binary, words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    strictEqual(status, 0)
    const [nanoseconds, result] = stdout.split(' ').map(Number)
    strictEqual(result, way.result)
    return nanoseconds! / 1e6 / way.count
  }
}

try {
  const c = compileC('segment', folder)
  buildSync({
    entryPoints: [fileURLToPath(new URL('./peers/segment.ts', import.meta.url))],
    outfile: peerFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
  })
  for (const way of c ? ways : []) {
    await compare(way.what, await ours(way), inC(c!, way), way.goal, rounds)
    for (const child of started.splice(0)) child.kill('SIGKILL')
  }
} finally {
  for (const child of started) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
}
