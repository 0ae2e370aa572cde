/** A process that is running or ready to run whenever osdemo looks: where its CPU time goes, and which calls it repeats. */
import { readCpuTimes, type Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import { thousands } from '../../text.js'
import { createWorld } from '../../why/snapshot.js'
import type { Look } from '../../why/still.js'
import { type Chain, follow } from '../../why/wait-graph.js'
import { named } from './render/words.js'
import { type RepeatedCall, sampleCalls } from './repeated-calls.js'
import { tellAccount, tellEvidence } from './report.js'
import { lastOf, look } from './settle.js'
import { tellStack } from './stack.js'

/** @param times its CPU times at the beginning @returns the accounts in the answer */
export async function tellRunning(
  stage: Stage,
  stat: Stat,
  looks: Look[],
  times: ReturnType<typeof readCpuTimes>,
  withStack = false,
): Promise<Chain> {
  const { pid } = stat
  const name = named(pid)
  const first = lastOf(looks, 2)
  stage.note(`${name} is not blocked: it is running or ready to run.`, 'opening')
  const chain = follow(createWorld(), pid)
  const account = chain.get(pid)
  const proofs = account ? tellAccount(stage, account, true) : []
  // On a loaded machine some time may pass before it gets a CPU, and enough of it to show something.
  const end = Date.now() + patience
  await stage.poll(() => {
    const { cpuTicks, state } = look(stat)
    const isEnough = totalOf(readCpuTimes(pid)) - totalOf(times) >= enough
    return (cpuTicks > first.cpuTicks && (isEnough || Date.now() > end)) || state !== 'R'
  })
  const last = look(stat)
  tellEvidence(stage, proofs)
  const milliseconds = Math.round((last.t - first.t) / 1000)
  const onCpu = (last.cpuTicks - first.cpuTicks) * 10
  stage.evidence(`/proc/${pid}/stat`, `${onCpu} ms in ${milliseconds} ms`, 'CPU time: fields 14 and 15', {
    data: { onCpu, milliseconds },
  })
  const shares = times && tellShares(stage, pid, times)
  const ran = last.cpuTicks > first.cpuTicks || last.switches > first.switches
  const text = ran
    ? `A process that is not blocked uses CPU time: ${name} has run since the first look.`
    : `A runnable process may have to wait for a CPU: ${name} got none.`
  stage.claim('why/runs-or-ready', text, ran || last.state === 'R')
  const isKnown = shares?.makesCalls === true && (await tellCalls(stage, pid))
  if (shares?.repeatsCalls === true && !isKnown) {
    const command = `timeout 1 strace -c -f -p ${pid}`
    const counts = `\`${command}\` counts its calls for a second, and how many fail. They take longer in that second.`
    stage.say({ event: 'note', role: 'next', text: counts, data: { do: 'count-calls', pid, command } })
  }
  if (account) await tellStack(stage, account, withStack)
  stage.say({
    event: 'note',
    role: 'next',
    text: `To stop it for a while, type \`kill -STOP ${pid}\`. \`kill -CONT ${pid}\` continues it, and nothing is lost.`,
    data: { do: 'stop', pid, command: `kill -STOP ${pid}` },
  })
  return chain
}

function totalOf(times: ReturnType<typeof readCpuTimes>): number {
  return times ? times.user + times.kernel : 0
}

/** How long to wait for that much, in milliseconds. */
const patience = 1000

/** Less CPU time than this, in milliseconds, shows nothing: a clock tick is 10 ms. */
const enough = 50

interface Shares {
  /** Whether it spends most of the time in system calls, and whether a part of it. */
  repeatsCalls: boolean
  makesCalls: boolean
}

/** Where the CPU time of a busy loop goes; undefined where it got too little to tell. */
function tellShares(stage: Stage, pid: number, before: { user: number; kernel: number }): Shares | undefined {
  const now = readCpuTimes(pid) ?? before
  const kernel = now.kernel - before.kernel
  const total = now.user - before.user + kernel
  if (total < enough) return undefined
  const repeatsCalls = kernel * 2 > total
  const makesCalls = kernel * 10 >= total
  const text = repeatsCalls
    ? `It was in the kernel for ${kernel} of ${total} ms: it probably repeats calls that do not block.`
    : makesCalls
      ? `It was in the kernel for ${kernel} of ${total} ms: it makes system calls too.`
      : `It was in its program for ${total - kernel} of ${total} ms: it computes, or tests a variable again and again.`
  stage.note(text)
  stage.evidence(
    `/proc/${pid}/stat`,
    `utime +${total - kernel} ms, stime +${kernel} ms`,
    'fields 14 and 15',
    {
      data: { kernel, total, repeatsCalls: Number(repeatsCalls) },
    },
  )
  return { repeatsCalls, makesCalls }
}

/** At most this number of different calls is reported. */
const mostCalls = 3

/** @returns whether the calls that it repeats were seen */
async function tellCalls(stage: Stage, pid: number): Promise<boolean> {
  const sample = await sampleCalls(pid)
  if (!sample) {
    stage.note(
      'Not observed: which calls it makes. That needs strace(1), and the right to trace it.',
      'aside',
    )
    return false
  }
  for (const repeated of sample.repeated.slice(0, mostCalls)) {
    const { call, fd, target, errno, result, count } = repeated
    const on = fd === undefined ? '' : ` on fd ${fd} (${target})`
    const end =
      errno !== undefined ? `: it fails with ${errno}` : result !== undefined ? `: it returns ${result}` : ''
    stage.note(`It repeats ${call}(2)${on}${end}.`)
    const meaning = meaningOf(repeated, pid)
    if (meaning !== undefined) stage.note(meaning)
    stage.evidence(
      `strace -p ${pid}`,
      `${thousands(count)} of ${thousands(sample.calls)} calls`,
      `${call}(2)`,
      {
        data: { kind: 'repeated-call', pid, ...repeated, calls: sample.calls },
      },
    )
  }
  return sample.repeated.length > 0
}

const reads = /^(read|readv|pread64|recv|recvfrom|recvmsg)$/

/** What the outcome means for the program, and what the loop probably lacks. */
function meaningOf({ call, fd, errno, result }: RepeatedCall, pid: number): string | undefined {
  switch (errno) {
    case 'EAGAIN':
      return 'EAGAIN: the call would block. With poll(2) the process would wait and use no CPU time.'
    case 'EMFILE':
      return `EMFILE: it has as many descriptors as its limit allows. See \`osdemo why ${pid} --files\`.`
    case 'EBADF':
      return 'EBADF: it has closed that descriptor, or never had it.'
    case 'ECHILD':
      return 'ECHILD: it has no child that it could wait for.'
    case undefined:
      if (result === 0 && reads.test(call) && fd !== undefined)
        return '0 bytes are end of file: the loop has to end there.'
      return /poll|select/.test(call) && result !== 0
        ? 'A descriptor is ready, and the process does not do what would end that.'
        : undefined
    default:
      return undefined
  }
}
