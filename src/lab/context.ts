/** Runs one check, and says how it ended. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { VerdictFact } from '../events.js'
import { readTcpTable } from '../proc/net-tcp.js'
import type { Check, Context, Evidence, Values } from './define.js'
import { CheckFailed, CheckSkipped, CheckTimedOut } from './outcome.js'
import { connectPeer, type DroppablePeer } from './peer.js'
import { type Running, startProgram } from './program.js'

export interface CheckOptions {
  /** The command of the student, with placeholders. */
  command: readonly string[]
  /** A private folder. */
  folder: string
  scale: number
  isolated: boolean
  inside: readonly string[]
}

/** How many seconds a check may take where it does not say. */
export const usualSeconds = 10

type Result = Omit<VerdictFact, 'event' | 'repeat'>

export async function runCheck(check: Check, options: CheckOptions): Promise<Result> {
  const done: string[] = []
  const programs: Running[] = []
  const peers: DroppablePeer[] = []
  const begun = performance.now()
  let limit: string | undefined
  let exceeded: (error: CheckFailed) => void = () => {}
  const values = await freeValues(options.folder)
  const scaled = (seconds: number) => seconds * 1000 * options.scale
  const context: Context = {
    values,
    scaled,
    did: (step) => void done.push(step),
    async start(how = {}) {
      const words = expand(options.command, { ...values, ...(how.n !== undefined && { n: how.n }) })
      done.push(`Started ${words.join(' ')}`)
      const { isolated, inside: launcher } = options
      const onLimit = (text: string) => {
        limit ??= text
        exceeded(new CheckFailed({ expected: 'a program within the limits', got: `${text}, and was killed` }))
      }
      const program = await startProgram({ words, options: how, isolated, launcher, onLimit })
      programs.push(program)
      return program
    },
    async startServer(how) {
      const program = await context.start(how)
      const listens = () => listenersOf().some(({ local }) => local.port === values.port)
      await context.until(() => listens() || program.ending() !== undefined, 8)
      context.expect(listens(), () => ({
        expected: `a server that listens on port ${values.port}`,
        got: howItEnded(program) ?? 'nothing listens on that port',
        evidence: [
          ...listenersOf().map(({ local }) => ({
            source: '/proc/net/tcp',
            value: `LISTEN ${local.host}:${local.port}`,
          })),
          ...program.where(),
        ].slice(0, 4),
      }))
      return program
    },
    async connect() {
      const peer = await connectPeer(values.port, scaled).catch((error) => {
        const [program] = programs
        const reason = (program && howItEnded(program)) ?? 'connect(2) failed'
        throw new CheckFailed({
          expected: `a server that accepts connections on port ${values.port}`,
          got: `${reason}: ${error.code ?? error.message}`,
        })
      })
      peers.push(peer)
      return peer
    },
    expect(holds, failure) {
      if (!holds) throw new CheckFailed(typeof failure === 'function' ? failure() : failure)
    },
    skip(reason) {
      throw new CheckSkipped(reason)
    },
    async until(look, seconds = 5) {
      for (const end = performance.now() + scaled(seconds); ; ) {
        const found = look()
        if (found !== undefined && found !== false) return found
        if (performance.now() > end) return undefined
        await new Promise((resolve) => setTimeout(resolve, 4))
      }
    },
  }
  let timer: NodeJS.Timeout | undefined
  const seconds = check.seconds ?? usualSeconds
  const late = new Promise<never>((_, reject) => {
    exceeded = reject
    const got = `it was not finished after ${seconds * options.scale} seconds`
    const tell = () => reject(new CheckTimedOut({ expected: 'an answer in time', got }))
    timer = setTimeout(tell, scaled(seconds))
  })
  const { id, title, points: max, hint, finding } = check
  const about = { id, title, max }
  try {
    await Promise.race([check.run(context), late])
    if (limit !== undefined) await late
    return { ...about, outcome: 'passed', points: max, done, evidence: [], ...rest() }
  } catch (error) {
    if (error instanceof CheckSkipped)
      return { ...about, outcome: 'skipped', points: 0, done, evidence: [], reason: error.message, ...rest() }
    if (error instanceof CheckFailed) {
      const { evidence = [], ...failure } = error.failure
      const outcome = error instanceof CheckTimedOut ? 'timed-out' : 'failed'
      const seen = [...evidence, ...(evidence.length === 0 ? whereTheyAre() : [])]
      return {
        ...about,
        outcome,
        points: 0,
        done,
        evidence: seen,
        hint,
        ...failure,
        ...(finding !== undefined && { finding }),
        ...rest(),
      }
    }
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { ...about, outcome: 'error', points: 0, done, evidence: [], reason, ...rest() }
  } finally {
    clearTimeout(timer)
    late.catch(() => {})
    for (const peer of peers) peer.drop()
    for (const program of programs) program.kill()
  }

  function rest() {
    const printed = programs.flatMap((program) => program.printed())
    const milliseconds = Math.round(performance.now() - begun)
    return { milliseconds, ...(printed.length > 0 && { printed }) }
  }
  function whereTheyAre(): Evidence[] {
    return programs.flatMap((program) => [...endedAs(program), ...program.where()]).slice(0, 4)
  }
}

function endedAs(program: Running): Evidence[] {
  const how = howItEnded(program)
  return how === undefined ? [] : [{ source: `waitpid(${program.pid})`, value: how }]
}

/** Undefined while the program runs. */
export function howItEnded(program: Pick<Running, 'ending'>): string | undefined {
  const ending = program.ending()
  if (!ending) return undefined
  return ending.signal === null
    ? `the program exited with code ${ending.code}`
    : `the program was killed by ${ending.signal}`
}

function listenersOf() {
  return readTcpTable().filter(({ state }) => state === 'LISTEN')
}

/** Replaces `{port}` and the other placeholders in each word. */
export function expand(words: readonly string[], values: Values): string[] {
  return words.map((word) =>
    word.replaceAll(/\{(port|path|key|name|n)\}/g, (_, name: keyof Values) => `${values[name]}`),
  )
}

let used = 0

async function freeValues(folder: string): Promise<Values> {
  const server = createServer()
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address()
      server.close(() => resolve(typeof bound === 'object' && bound ? bound.port : 0))
    })
  })
  const tag = `${process.ppid}-${randomInt(1 << 30)}`
  return {
    port,
    path: join(folder, `lab-${++used}`),
    key: randomInt(1, 2 ** 31 - 1),
    name: `/osdemo-lab-${tag}`,
    n: 3,
  }
}
