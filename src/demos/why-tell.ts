/** The answer in words, each sentence followed by what backs it. */
import { readCommandLine } from '../proc/cmdline.js'
import { readText } from '../proc/read.js'
import { readStatus } from '../proc/status.js'
import type { Stage } from '../run/stage.js'
import { type Account, proofsOf } from './why-account.js'
import { type Chain, type Circle, wakers } from './why-chain.js'
import type { Waiting } from './why-wait.js'
import { endCommand, listed, named, type Proof, type World } from './why-world.js'

/** So many processes are told at most, and those of a circle. */
const most = 5

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
  for (const thread of threads) {
    const program = { source: `/proc/${pid}/cmdline`, value: words.join(' '), about: 'its command line' }
    tellThread(stage, thread, thread === threads[0] && words.length > 0 ? [program] : [])
  }
  const closed = idle.filter(({ isClosed }) => isClosed).length
  if (closed > 0) stage.note(`What ${closed} other threads of it wait for cannot be seen.`)
  const calls = [...new Set(idle.flatMap(({ call }) => (call ? `${call}(2)` : [])))].join(' or ')
  if (calls === '') return
  stage.note(
    `${idle.length - closed} other threads of it wait in ${calls} for work from this process itself.`,
  )
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
  const scope = readText('/proc/sys/kernel/yama/ptrace_scope')?.trim() ?? '0'
  const why =
    owner !== process.geteuid!()
      ? `it belongs to user ${owner}, so ask as that user or as root`
      : scope === '0'
        ? 'ask as root'
        : `kernel.yama.ptrace_scope is ${scope}, which leaves that to its ancestors and root`
  return `Its system call cannot be seen here: ${why}. What is merely probable is marked.`
}

/** What would let it go on, and what to type for it. */
export function tellStep(stage: Stage, chain: Chain, account: Account): void {
  const steps = (of: Account) => of.threads.flatMap(({ other }) => other?.step ?? [])
  // Who is stopped can be continued, and nobody need lose anything by that.
  const stopped = [...chain.values()].find(({ pid, state }) => state === 'T' && wakers(account).includes(pid))
  const step = steps(stopped ?? account)[0] ?? {
    command: endCommand([account.pid]),
    effect: 'Nothing is known that could be typed to let it go on.',
    ends: true,
  }
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
