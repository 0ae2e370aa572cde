/** The answer: each process with what blocks its threads, the circle, and what would let it continue. */
import { readCommandLine } from '../../proc/cmdline.js'
import { readStatus } from '../../proc/status.js'
import { ptraceScope } from '../../proc/yama.js'
import type { Stage } from '../../run/stage.js'
import { stepsOf } from '../../why/blocker.js'
import type { Account } from '../../why/process-account.js'
import type { World } from '../../why/snapshot.js'
import { endItself } from '../../why/step.js'
import type { ThreadWait } from '../../why/thread-wait.js'
import { type Chain, type Circle, wakers } from '../../why/wait-graph.js'
import { commandOf, effectOf, reasonToEnd } from './render/step.js'
import type { Evidence } from './render/telling.js'
import { tellThread } from './render/thread.js'
import { listed, named } from './render/words.js'

/** How many processes are told at most, beside those of a circle. */
const most = 5

/** How many different waits are told of the threads of one process. */
const mostWaits = 8

/** The process itself, and then those that it waits for. */
export function tellChain(stage: Stage, chain: Chain, circle: Circle | undefined): void {
  const all = [...chain.values()]
  const told = all.filter(({ pid }, index) => index < most || circle?.members.includes(pid))
  for (const account of told) {
    tellAccount(stage, account)
    if (account === all[0] && account.threads.some(({ isHidden }) => isHidden))
      stage.note(whyHidden(account.pid), 'aside')
  }
  const names = all.filter((account) => !told.includes(account)).map(({ pid }) => named(pid))
  if (names.length > 0) stage.note(`It also waits for: ${listed(names, 8)}.`, 'aside')
}

export function tellAccount(stage: Stage, account: Account): void {
  const { pid, threads } = account
  const words = readCommandLine(pid) ?? []
  const program: Evidence = {
    source: `/proc/${pid}/cmdline`,
    value: words.join(' '),
    about: 'its command line',
    data: words,
  }
  const groups = alike(threads)
  for (const [thread, ...others] of groups.slice(0, mostWaits)) {
    if (!thread) continue
    const { sentences, evidence } = tellThread(thread)
    for (const sentence of sentences) stage.note(sentence)
    for (const { source, value, about, data } of thread === threads[0] && words.length > 0
      ? [program, ...evidence]
      : evidence)
      stage.evidence(source, value, about, data === undefined ? undefined : { data })
    const tids = listed(others.map(({ tid }) => `${tid}`))
    if (others.length > 0)
      stage.note(`The same holds for its ${others.length > 1 ? 'threads' : 'thread'} ${tids}.`)
  }
  for (const line of leftOut(account, groups.slice(mostWaits).flat().length)) stage.note(line, 'aside')
}

/** What is said of threads that are not told one by one. */
function leftOut({ idle }: Account, more: number): string[] {
  const lines: string[] = []
  if (more > 0) lines.push(`What ${more} other threads of it wait for is left out here.`)
  const hidden = idle.filter(({ isHidden }) => isHidden).length
  if (hidden > 0) lines.push(`What ${hidden} other threads of it wait for cannot be seen.`)
  const calls = [...new Set(idle.flatMap(({ call }) => (call ? `${call}(2)` : [])))].join(' or ')
  const pool = idle.length - hidden
  if (calls !== '')
    lines.push(`${pool} other threads of it are blocked in ${calls}, for work from this process itself.`)
  return lines
}

/** Threads that wait for the same, together; timers count as the same, whenever they are due. */
function alike(threads: readonly ThreadWait[]): ThreadWait[][] {
  const groups = new Map<string, ThreadWait[]>()
  for (const thread of threads) {
    const { call, fd, likelyCall, wchan, blocker } = thread
    const differs = new Set(['left', 'until', 'mates'])
    const key = JSON.stringify([call, fd, likelyCall, wchan, blocker], (name, value) =>
      differs.has(name) ? undefined : value,
    )
    const group = groups.get(key)
    if (group) group.push(thread)
    else groups.set(key, [thread])
  }
  return [...groups.values()]
}

/** Which processes may see it is decided as for ptrace(2). */
function whyHidden(pid: number): string {
  const owner = readStatus(pid)?.euid
  const scope = ptraceScope() ?? 0
  const why =
    owner !== process.geteuid?.()
      ? `it belongs to user ${owner}, so ask as that user or as root`
      : scope === 0
        ? 'ask as root'
        : `kernel.yama.ptrace_scope is ${scope}, which leaves that to its ancestors and root`
  return `Its system call cannot be seen here: ${why}. What is only likely is marked.`
}

/** What would let it continue, and the command for it. */
export function tellStep(stage: Stage, chain: Chain, account: Account): void {
  const { pid, threads } = account
  const [best] = threads.flatMap(({ blocker }) => stepsOf(blocker))
  // A process that is stopped can be continued, and loses nothing by that.
  const stopped = stoppedBehind(chain, account)
  const step = stopped ? ({ do: 'continue', pid: stopped.pid } as const) : (best?.step ?? endItself(pid))
  const effect = effectOf(step, best?.blocker)
  const who = named(pid)
  const where = `type in another terminal${userFor(pid)}`
  stage.note(
    effect === undefined
      ? `${reasonToEnd(best?.blocker)} To end ${who}, ${where}:`
      : `To let ${who} continue, ${where} this command, which ${effect}:`,
  )
  stage.note(commandOf(step), 'next')
}

/** Which user has to type it, where that is another one. */
function userFor(pid: number): string {
  const owner = readStatus(pid)?.euid
  const user = process.geteuid?.()
  if (user === 0 || owner === user) return ''
  return owner === 0 ? ' as root' : ` as root or user ${owner}`
}

/** The stopped process that all others wait for. Where one waits for several, it goes no further than those. */
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

export function tellCircle(stage: Stage, world: World, { members, certain }: Circle): void {
  const seen = world.census().hidden > 0 ? ', as far as this user can see' : ''
  const kind = certain ? 'A deadlock' : 'Probably a deadlock'
  const [first = 0] = members
  const links = members.map((member, index) => {
    return `${named(member)} waits for ${named(members[index + 1] ?? first)}`
  })
  const text =
    members.length === 1
      ? `${named(first)} waits for nobody but itself`
      : `${listed(links, 8)}. None of them continues unless something else steps in`
  stage.note(`${kind}: ${text}${seen}.`)
  const value = [...members, first].join(' > ')
  const data = { kind: 'deadlock', members, certain }
  stage.evidence('/proc/PID/syscall, fd', value, 'each waits for the next', { data })
}
