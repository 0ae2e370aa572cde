/** The answer in words, each sentence followed by what backs it. */
import { readCommandLine } from '../../proc/cmdline.js'
import { readStatus } from '../../proc/status.js'
import { ptraceScope } from '../../proc/yama.js'
import type { Stage } from '../../run/stage.js'
import { type Account, proofsOf } from '../../why/process-account.js'
import { endCommand, listed, named, type Proof, type Step, type World } from '../../why/snapshot.js'
import type { Waiting } from '../../why/thread-wait.js'
import { type Chain, type Circle, wakers } from '../../why/wait-graph.js'

/** So many processes are told at most, and those of a circle. */
const most = 5

/** Of the threads of one process so many different waits are told. */
const mostWaits = 8

/** The process itself, and then those that it waits for. */
export function tellChain(stage: Stage, chain: Chain, circle: Circle | undefined): void {
  const all = [...chain.values()]
  const told = all.filter(({ pid }, index) => index < most || circle?.members.includes(pid))
  for (const account of told) {
    tellAccount(stage, account)
    if (account === all[0] && account.threads.some(({ isClosed }) => isClosed))
      stage.note(whyClosed(account.pid))
  }
  const untold = all.filter((account) => !told.includes(account))
  const names = untold.map(({ pid }) => named(pid))
  if (names.length > 0) stage.note(`Also waited for: ${listed(names, 8)}.`)
}

export function tellAccount(stage: Stage, account: Account): void {
  const { pid, threads, idle } = account
  const words = readCommandLine(pid) ?? []
  const groups = alike(threads)
  for (const [thread, ...others] of groups.slice(0, mostWaits) as [Waiting, ...Waiting[]][]) {
    const program = { source: `/proc/${pid}/cmdline`, value: words.join(' '), about: 'its command line' }
    tellThread(stage, thread, thread === threads[0] && words.length > 0 ? [program] : [])
    const tids = listed(others.map(({ tid }) => `${tid}`))
    if (others.length > 0)
      stage.note(`So ${others.length > 1 ? 'do its threads' : 'does its thread'} ${tids}.`)
  }
  const untold = groups.slice(mostWaits).flat()
  if (untold.length > 0) stage.note(`What ${untold.length} other threads of it wait for is left out here.`)
  const closed = idle.filter(({ isClosed }) => isClosed).length
  if (closed > 0) stage.note(`What ${closed} other threads of it wait for cannot be seen.`)
  const calls = [...new Set(idle.flatMap(({ call }) => (call ? `${call}(2)` : [])))].join(' or ')
  if (calls === '') return
  stage.note(
    `${idle.length - closed} other threads of it wait in ${calls} for work from this process itself.`,
  )
}

/** Threads that wait for the same, together; timers count as the same, whenever they are due. */
function alike(threads: readonly Waiting[]): Waiting[][] {
  const groups = new Map<string, Waiting[]>()
  for (const thread of threads) {
    const { does, other } = thread
    const key = `${does.replace(/ that is due in .*? m?s\b/, '')}\n${other?.who}`
    const group = groups.get(key)
    if (group) group.push(thread)
    else groups.set(key, [thread])
  }
  return [...groups.values()]
}

function tellThread(stage: Stage, thread: Waiting, more: Proof[]): void {
  const { pid, tid, does, other } = thread
  const who = tid === pid ? named(pid) : `Thread ${tid} of ${named(pid)}`
  stage.note(`${who} ${does}.`)
  for (const line of other?.who.split('\n').filter(Boolean) ?? []) stage.note(line)
  for (const { source, value, about } of [...more, ...proofsOf(thread)]) stage.evidence(source, value, about)
}

/** Who may see it is for ptrace(2) to say. */
function whyClosed(pid: number): string {
  const owner = readStatus(pid)?.euid
  const scope = ptraceScope() ?? 0
  const why =
    owner !== process.geteuid!()
      ? `it belongs to user ${owner}, so ask as that user or as root`
      : scope === 0
        ? 'ask as root'
        : `kernel.yama.ptrace_scope is ${scope}, which leaves that to its ancestors and root`
  return `Its system call cannot be seen here: ${why}. What is merely probable is marked.`
}

/** What would let it go on, and what to type for it. */
export function tellStep(stage: Stage, chain: Chain, account: Account): void {
  // Who is stopped can be continued, and nobody need lose anything by that.
  const stopped = stoppedBehind(chain, account)
  const step: Step = stopped
    ? { command: `kill -CONT ${stopped.pid}`, effect: `continues ${named(stopped.pid)}` }
    : (account.threads.flatMap(({ other }) => other?.step ?? [])[0] ?? {
        command: endCommand([account.pid]),
        effect: 'Nothing is known that could be typed to let it go on.',
        ends: true,
      })
  const who = named(account.pid)
  const owner = readStatus(account.pid)?.euid
  const user = process.geteuid!()
  const role = user === 0 || owner === user ? '' : owner === 0 ? ' as root' : ` as root or user ${owner}`
  stage.note(
    step.ends
      ? `${step.effect} To end ${who}, type in another terminal${role}:`
      : `To let ${who} go on, type in another terminal${role} what ${step.effect}:`,
  )
  stage.note(step.command)
}

/** Who is stopped, and all the others wait for. Where one waits for several, it goes no further than those. */
function stoppedBehind(chain: Chain, account: Account): Account | undefined {
  const seen = new Set<number>()
  for (let at: Account | undefined = account; at && at.state !== 'T'; ) {
    seen.add(at.pid)
    const next: (Account | undefined)[] = [...new Set(wakers(at))]
      .filter((pid) => !seen.has(pid))
      .map((pid) => chain.get(pid))
    const stopped = next.find((each) => each?.state === 'T')
    if (stopped) return stopped
    at = next.length === 1 ? next[0] : undefined
  }
  return undefined
}

export function tellCircle(stage: Stage, world: World, { members, likely }: Circle): void {
  const seen = world.census().hidden > 0 ? ', as far as this user can see' : ''
  const kind = likely ? 'Probably a deadlock' : 'A deadlock'
  const links = members.map((member, index) => {
    return `${named(member)} waits for ${named(members[(index + 1) % members.length]!)}`
  })
  const text =
    members.length === 1
      ? `${named(members[0]!)} waits for nobody but itself`
      : `${listed(links, 8)}. None of them goes on unless something else steps in`
  stage.note(`${kind}: ${text}${seen}.`)
}
