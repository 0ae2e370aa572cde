/** The answer in words, each sentence followed by what backs it. */
import { readCommandLine } from '../proc/cmdline.js'
import type { Stage } from '../run/stage.js'
import { type Account, proofsOf } from './why-account.js'
import type { Circle } from './why-chain.js'
import type { Waiting } from './why-wait.js'
import { listed, named, type Proof, type World } from './why-world.js'

export function tellAccount(stage: Stage, account: Account): void {
  const { pid, threads, idle } = account
  const words = readCommandLine(pid) ?? []
  if (words.length > 0) {
    stage.evidence(`/proc/${pid}/cmdline`, words.join(' '), `the command line of ${pid}`)
  }
  for (const thread of threads) tellThread(stage, thread)
  if (idle.length > 0) {
    const calls = [...new Set(idle.map(({ call }) => `${call}(2)`))].join(' or ')
    stage.note(`${idle.length} other threads of it wait in ${calls} for work from this process itself.`)
  }
}

function tellThread(stage: Stage, thread: Waiting): void {
  const { pid, tid, does, other } = thread
  const who = tid === pid ? named(pid) : `Thread ${tid} of ${named(pid)}`
  stage.note(`${who} ${does}.`)
  for (const line of other?.who.split('\n').filter(Boolean) ?? []) stage.note(line)
  for (const proof of proofsOf(thread)) tellProof(stage, proof)
}

function tellProof(stage: Stage, { source, value, about }: Proof): void {
  stage.evidence(source, value, about)
}

/** What would let it go on, and what to type for it. */
export function tellStep(stage: Stage, account: Account): void {
  const step = account.threads.map(({ other }) => other?.step).find(Boolean) ?? {
    command: `kill ${account.pid}`,
    effect: 'ends it; nothing that could be typed lets it go on',
  }
  stage.note(`To let ${named(account.pid)} go on, type in another terminal (it ${step.effect}):`)
  stage.note(step.command)
}

export function tellCircle(stage: Stage, world: World, { members, likely }: Circle): void {
  const seen = world.census().hidden > 0 ? ', as far as this user can see' : ''
  const kind = likely ? 'Probably a deadlock' : 'A deadlock'
  if (members.length === 1) {
    return stage.note(`${kind}: ${named(members[0]!)} waits for nobody but itself${seen}.`)
  }
  const links = members.map((member, index) => {
    return `${named(member)} waits for ${named(members[(index + 1) % members.length]!)}`
  })
  stage.note(`${kind}: ${listed(links, 8)}. None of them goes on unless somebody else steps in${seen}.`)
}
