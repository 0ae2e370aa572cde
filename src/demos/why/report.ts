/**
 * The answer as a document: a headline, the chain of processes that wait for each other, the evidence for it, and what to
 * type. A note of role `opening` is a heading.
 */
import type { Data, NoteRole } from '../../events.js'
import { readCommandLine } from '../../proc/cmdline.js'
import { readStatus } from '../../proc/status.js'
import { ptraceScope } from '../../proc/yama.js'
import type { Stage } from '../../run/stage.js'
import { type Advice, adviceFor } from '../../why/advice.js'
import type { Account } from '../../why/process-account.js'
import type { World } from '../../why/snapshot.js'
import type { ThreadWait } from '../../why/thread-wait.js'
import { type Chain, type Cycle, findThreadCircle } from '../../why/wait-graph.js'
import { commandOf, effectOf, reasonToEnd } from './render/step.js'
import { type Evidence, type Proof, verb } from './render/telling.js'
import { tellThread } from './render/thread.js'
import { listed, named } from './render/words.js'

/** At most this number of processes is reported, beside those of a deadlock. */
const most = 5

/** At most this number of different waits is reported for the threads of one process. */
const mostWaits = 8

/** At most this number of characters of a command line is shown; its data has all of it. */
const mostLetters = 120

const headings = {
  chain: 'What waits for what',
  evidence: 'Evidence',
  advice: 'What to type, in another terminal',
}

/** A note with data for programs. */
function note(stage: Stage, text: string, role: NoteRole, data?: Data): void {
  stage.say({ event: 'note', text, role, ...(data !== undefined && { data }) })
}

/** The processes that a report is about: the one that was asked about, and then those that it waits for. */
interface Findings {
  world: World
  chain: Chain
  asked: Account
  cycle: Cycle | undefined
}

/** The headline, the chain and the evidence. @param accounts those to report; the others are named */
export function tellFindings(
  stage: Stage,
  findings: Findings,
  accounts = [...findings.chain.values()],
): void {
  const { asked, cycle } = findings
  const told = accounts.filter(({ pid }, index) => index < most || cycle?.members.includes(pid))
  const proofs: Proof[] = []
  tellHeadline(stage, findings)
  const circle = cycle ? [] : findThreadCircle(findings.chain)
  if (circle.length > 0) tellThreadCircle(stage, findings, circle)
  if (told.length > 1) note(stage, headings.chain, 'opening')
  for (const account of told) {
    proofs.push(...tellAccount(stage, account, account === asked && !cycle))
    if (account === asked && account.threads.some(({ isHidden }) => isHidden))
      stage.note(whyHidden(account.pid), 'aside')
  }
  const names = accounts.filter((account) => !told.includes(account)).map(({ pid }) => named(pid))
  if (names.length > 0) stage.note(`Further down the chain: ${listed(names, 8)}.`, 'aside')
  tellBuffering(stage, findings)
  if (cycle) tellCycle(stage, findings, cycle)
  if (cycle) proofs.push(cycleProof(cycle))
  else if (circle.length > 0)
    proofs.push(cycleProof({ members: ownersOf(findings, circle), certain: true, threads: circle }))
  tellEvidence(stage, proofs)
}

/** The processes of these threads. */
function ownersOf({ chain }: Pick<Findings, 'chain'>, tids: readonly number[]): number[] {
  const all = [...chain.values()].filter(({ threads }) => threads.some(({ tid }) => tids.includes(tid)))
  return all.map(({ pid }) => pid)
}

/** A deadlock of threads, in one sentence. */
export function threadDeadlock(chain: Chain, circle: readonly number[]): string {
  const owners = listed(ownersOf({ chain }, circle).map(named))
  return `Deadlock: ${listed(circle.map(String), 12)} are threads of ${owners} that wait for each other.`
}

function tellThreadCircle(stage: Stage, { chain }: Findings, circle: readonly number[]): void {
  stage.note(threadDeadlock(chain, circle), 'opening')
  stage.note('Each waits for the next, and the last for the first. Other threads may continue.')
}

/** A process waits for input from the stdout of another one, which waits for something else: it may have printed already. */
function tellBuffering(stage: Stage, { chain, asked }: Findings): void {
  const pipes = asked.threads.flatMap(({ blocker }) =>
    blocker.kind === 'pipe' && blocker.access === 'reading' ? [blocker] : [],
  )
  const writers = pipes.flatMap(({ holders, inode }) =>
    holders.flatMap(({ pid, fd }) => {
      const threads = fd === 1 && pid !== asked.pid ? (chain.get(pid)?.threads ?? []) : []
      const waitsElsewhere = ({ blocker }: ThreadWait) =>
        blocker.kind !== 'running' && !(blocker.kind === 'pipe' && blocker.inode === inode)
      return threads.length > 0 && threads.every(waitsElsewhere) ? [pid] : []
    }),
  )
  for (const pid of new Set(writers))
    note(
      stage,
      `If ${named(pid)} has printed already, its C library may still hold the text: stdout is a pipe. See setbuf(3).`,
      'aside',
      { kind: 'buffered-output', pid, fd: 1, certain: 0 },
    )
}

function cycleProof({ members, certain, threads }: Cycle): Proof {
  const ids = threads ?? members
  const value = [...ids, ids[0]].join(' > ')
  const data = { kind: 'deadlock', members, certain, ...(threads && { threads }) }
  const shows = threads
    ? 'Each thread waits for the next.'
    : members.length === 1
      ? 'Only the process itself could wake it up.'
      : 'Each process waits for the next.'
  return { shows, evidence: [{ source: 'wait-for graph', value, about: '', data }] }
}

/** The evidence, each piece below the sentence that it proves. */
export function tellEvidence(stage: Stage, proofs: readonly Proof[]): void {
  note(stage, headings.evidence, 'opening')
  for (const { shows, evidence } of proofs) {
    if (evidence.length > 0) note(stage, shows, 'step')
    for (const { source, value, about, data } of evidence)
      stage.evidence(source, value, about, data === undefined ? undefined : { data })
  }
}

function tellHeadline(stage: Stage, { chain, asked, cycle }: Findings): void {
  const [first] = asked.threads
  if (cycle) stage.note(deadlock(chain, asked.pid, cycle), 'opening')
  else if (first) note(stage, tellThread(first, asked.threads.length === 1, true).headline, 'opening')
}

/** A deadlock in one sentence, as seen from a process that it blocks. */
export function deadlock(chain: Chain, pid: number, { members, certain }: Cycle): string {
  const kind = certain ? 'Deadlock' : 'Probably a deadlock'
  const names = listed(members.map(named), 4)
  const [one, two, more] = members.map(named)
  const accounts = members.flatMap((member) => chain.get(member) ?? [])
  const hasThreads = accounts.some(({ threads, idle }) => threads.length + idle.length > 1)
  const text =
    two === undefined
      ? hasThreads
        ? `the threads of ${one} wait for each other`
        : `${one} waits for itself`
      : more === undefined
        ? `${one} waits for ${two}, and ${two} waits for ${one}`
        : `${names} wait for each other`
  return members.includes(pid) ? `${kind}: ${text}.` : `${named(pid)} is blocked behind a deadlock: ${text}.`
}

function tellCycle(stage: Stage, { world, chain }: Findings, { members, threads = [] }: Cycle): void {
  if (threads.length > 1)
    stage.note(
      `Threads ${listed(threads.map(String), 12)} wait in a circle: each for the next, the last for the first.`,
    )
  stage.note(
    members.length === 1
      ? `${listed(members.map(named))} cannot continue until something else wakes it up.`
      : 'None of them can continue until something else wakes one of them up.',
  )
  for (const { pid, timerSignals } of members.flatMap((member) => chain.get(member) ?? [])) {
    if (timerSignals.length === 0) continue
    const names = listed(timerSignals.map((name) => `SIG${name}`))
    stage.note(
      `${named(pid)} has a handler for ${names}: a timer, which is not visible, may wake it up.`,
      'aside',
    )
  }
  const { hidden } = world.census()
  if (hidden > 0) {
    const processes = verb(hidden, 'process', 'processes')
    stage.note(
      `Not observed: the descriptors of ${hidden} ${processes} of other users, which could do so.`,
      'aside',
    )
  }
}

/**
 * What blocks each thread of a process, one note each.
 *
 * @param isHeadlined whether the headline contains what its first thread waits for
 * @returns the evidence, for a section of its own
 */
export function tellAccount(stage: Stage, account: Account, isHeadlined = false): Proof[] {
  const { pid, threads } = account
  const groups = alike(threads)
  const proofs: Proof[] = []
  for (const [thread, ...others] of groups.slice(0, mostWaits)) {
    if (!thread) continue
    const isFirst = thread === threads[0]
    const telling = tellThread(thread, threads.length === 1, isHeadlined && isFirst)
    if (telling.step !== '') stage.note(telling.step)
    for (const line of telling.list) stage.note(line)
    const tids = listed(others.map(({ tid }) => `${tid}`))
    if (others.length > 0)
      note(
        stage,
        `Its ${verb(others, 'thread', 'threads')} ${tids} ${verb(others, 'waits', 'wait')} for the same.`,
        'step',
        { alike: others.map(({ tid }) => tid) },
      )
    const [own, ...rest] = telling.proofs
    if (own)
      proofs.push({ ...own, evidence: isFirst ? [...commandLine(pid), ...own.evidence] : own.evidence })
    proofs.push(...rest)
  }
  for (const line of leftOut(account, groups.slice(mostWaits).flat().length)) stage.note(line, 'aside')
  return proofs
}

function commandLine(pid: number): Evidence[] {
  const words = readCommandLine(pid) ?? []
  if (words.length === 0) return []
  const line = words.join(' ')
  const value = line.length > mostLetters ? `${line.slice(0, mostLetters)} ...` : line
  return [{ source: `/proc/${pid}/cmdline`, value, about: '', data: words }]
}

/** What is reported of threads without a note of their own. */
function leftOut({ pid, idle }: Account, more: number): string[] {
  const lines: string[] = []
  const count = (number: number) => `${number} other ${verb(number, 'thread', 'threads')} of ${named(pid)}`
  if (more > 0) lines.push(`Left out: what ${count(more)} ${verb(more, 'waits', 'wait')} for.`)
  const hidden = idle.filter(({ isHidden }) => isHidden).length
  if (hidden > 0) lines.push(`Not observed: what ${count(hidden)} ${verb(hidden, 'waits', 'wait')} for.`)
  const calls = [...new Set(idle.flatMap(({ call }) => (call ? `${call}(2)` : [])))].join(' or ')
  const pool = idle.length - hidden
  if (calls !== '')
    lines.push(`${count(pool)} ${verb(pool, 'is', 'are')} blocked in ${calls}, like idle threads.`)
  return lines
}

/** Threads that wait for the same, together. Timers are the same whenever they expire. */
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

/** The kernel shows a system call to those that may use ptrace(2). */
function whyHidden(pid: number): string {
  const owner = readStatus(pid)?.euid
  const scope = ptraceScope() ?? 0
  const why =
    owner !== process.geteuid?.()
      ? `it belongs to user ${owner}. Run osdemo as that user or as root`
      : scope === 0
        ? 'run osdemo as root'
        : `kernel.yama.ptrace_scope is ${scope}. Run osdemo as root`
  return `Not observed: the system call of ${named(pid)}, since ${why}.`
}

/** What lets the process continue, with the command, what it does and what it costs. */
export function tellAdvice(stage: Stage, { chain, asked, cycle }: Findings): void {
  const steps = adviceFor(chain, asked, cycle)
  if (steps.length === 0 && asked.pid !== 1) return
  note(stage, headings.advice, 'opening')
  if (steps.length === 0)
    note(stage, 'Nothing. Do not terminate pid 1: all other processes depend on it.', 'next')
  for (const [index, advice] of steps.entries()) {
    const number = steps.length === 1 ? '' : `${index + 1}. `
    const command = commandOf(advice)
    note(stage, number + adviceText(advice, asked.pid), 'next', {
      do: advice.step.do,
      pid: advice.pid,
      ...(command !== undefined && { command }),
      ...(advice.enter && { enter: advice.enter }),
    })
  }
}

function adviceText(advice: Advice, asked: number): string {
  const { step, pid, blocker } = advice
  const command = commandOf(advice)
  const effect = effectOf(advice).join(' ')
  const reason = step.do === 'end-itself' ? reasonToEnd(blocker) : undefined
  const further = pid === asked || step.do === 'continue' ? '' : ` ${named(asked)} waits for that process.`
  const user = command === undefined ? '' : userFor(pid)
  const text = command === undefined ? effect : `${user}\`${command}\` ${effect}`
  return `${reason === undefined ? '' : `${reason} `}${text}${further}`
}

/** Which user has to type a command, where that is another one. */
function userFor(pid: number): string {
  const owner = readStatus(pid)?.euid
  const user = process.geteuid?.()
  if (user === 0 || owner === user) return ''
  return owner === 0 ? 'As root: ' : `As root or user ${owner}: `
}
