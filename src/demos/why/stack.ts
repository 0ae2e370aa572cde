/** The functions of the program that its threads are in: `why --stack`. A debugger finds them. */
import { basename } from 'node:path'
import { isElsewhere } from '../../proc/links.js'
import { usesRemoteFile } from '../../proc/mounts.js'
import { readMaps } from '../../proc/smaps.js'
import { readSyscall } from '../../proc/syscall.js'
import { ptraceScope } from '../../proc/yama.js'
import type { Stage } from '../../run/stage.js'
import type { Account } from '../../why/process-account.js'
import type { ThreadWait } from '../../why/thread-wait.js'
import { attach, isInstalled } from './attach.js'
import { type Frame, parseEuStack, parseGdb } from './frames.js'
import { listed, named } from './render/words.js'

interface Debugger {
  program: 'eu-stack' | 'gdb'
  words(tid: number): string[]
  parse(text: string): Frame[]
  /** Whether it stops all threads of the process, and not only the one that is asked for. */
  stopsAll: boolean
}

/** The mildest first. */
const debuggers: readonly Debugger[] = [
  {
    program: 'eu-stack',
    words: (tid) => ['eu-stack', '-1', '-m', '-s', '-p', `${tid}`],
    parse: parseEuStack,
    stopsAll: false,
  },
  {
    program: 'gdb',
    // Without files that could contain commands, and with one line for each function.
    words: (tid) => [
      ...['gdb', '-nx', '-batch', '-iex', 'set auto-load off', '-iex', 'set width 0'],
      ...['-ex', `bt -frame-arguments none ${mostFrames}`, '-p', `${tid}`],
    ],
    parse: parseGdb,
    stopsAll: true,
  },
]

const mostFrames = 32

/** In seconds. A debugger reads the symbols of a large program for a second or two. */
const limit = 20

/** At most this number of threads. */
const mostThreads = 8

/**
 * Calls that continue as before after a debugger has stopped their thread. Others fail with EINTR then, such as semop(2) and
 * epoll_wait(2), or return after a part of the bytes: man 7 signal.
 */
const restarted = new Set([
  ...['read', 'recvfrom', 'recvmsg', 'accept', 'accept4', 'open', 'openat', 'openat2', 'flock', 'fcntl'],
  ...['wait4', 'waitid', 'futex', 'nanosleep', 'clock_nanosleep', 'poll', 'ppoll', 'select', 'pselect6'],
  ...['pause', 'rt_sigsuspend', 'msgrcv', 'msgsnd', 'mq_timedreceive', 'mq_timedsend'],
])

/** MSG_WAITALL of sys/socket.h. */
const WAIT_ALL = 0x100n

/** Whether a debugger may stop a thread for a moment, and its call does not return because of that. */
function mayBeStopped({ pid, tid, state, call = '', blocker }: ThreadWait): boolean {
  if (state === 'R') return true
  // In the uninterruptible state it would stop later, when no debugger waits for it.
  if (state !== 'S' || !restarted.has(call) || blocker.kind === 'file') return false
  if (blocker.kind !== 'poll' && blocker.kind !== 'futex' && blocker.limit !== undefined) return false
  const seen = readSyscall(pid, tid)
  const flags = typeof seen === 'object' ? seen.args[call === 'recvmsg' ? 2 : 3] : undefined
  return !call.startsWith('recv') || (flags !== undefined && (flags & WAIT_ALL) === 0n)
}

/** The threads whose functions can be found, and with what; a sentence with the reason where none can. */
function choose({ pid, threads, idle }: Account): { tool: Debugger; threads: ThreadWait[] } | string {
  const tool = debuggers.find(({ program }) => isInstalled(program))
  if (!tool) return 'neither eu-stack nor gdb is installed. Try: apt-get install elfutils'
  if (!isInstalled('timeout')) return 'timeout(1) is not installed. Try: apt-get install coreutils'
  const all = [...threads, ...idle]
  if (all.some(({ isHidden }) => isHidden)) return 'this user may not trace it'
  const scope = ptraceScope() ?? 0
  if (scope > 2 || (scope > 0 && process.geteuid?.() !== 0))
    return `kernel.yama.ptrace_scope is ${scope}${scope > 2 ? '' : '. Run osdemo as root'}`
  if (isElsewhere(pid, 'mnt')) return 'it is in another mount namespace'
  // The debugger would block in the kernel, while the thread is stopped.
  if (
    usesRemoteFile(
      pid,
      readMaps(pid).map(({ name }) => name),
    )
  )
    return 'its program is on a file system of the network'
  const safe = threads.filter(mayBeStopped)
  const [first] = threads.filter((thread) => !safe.includes(thread))
  if (tool.stopsAll ? all.every(mayBeStopped) : safe.length > 0)
    return { tool, threads: safe.slice(0, mostThreads) }
  const what = first?.call === undefined ? 'its call' : `${first.call}(2)`
  return `${what} could fail when ${tool.program} stops ${tool.stopsAll ? 'the process' : 'the thread'}`
}

const headline = 'Functions of the program'

/** What follows the answer: the functions, or how to ask for them. */
export async function tellStack(stage: Stage, account: Account, isAsked: boolean): Promise<void> {
  const { pid } = account
  const chosen = choose(account)
  if (!isAsked) {
    if (typeof chosen !== 'string')
      stage.note(
        `\`osdemo why ${pid} --stack\` reports its functions. ${chosen.tool.program} stops it for some milliseconds.`,
        'aside',
      )
    return
  }
  if (typeof chosen === 'string') {
    stage.note(`Not observed: the functions of ${named(pid)}, since ${chosen}.`, 'aside')
    return
  }
  stage.note(headline, 'opening')
  const { tool, threads } = chosen
  for (const { tid } of threads) {
    const text = await attach({ tid, stops: true, limit, words: tool.words(tid) })
    tellFrames(stage, { pid, tid }, tool, framesOf(tool.parse(text ?? '')))
  }
  const left = account.threads.filter((thread) => !threads.includes(thread)).map(({ tid }) => `${tid}`)
  if (left.length > 0)
    stage.note(
      `Left out: the functions of ${left.length === 1 ? 'thread' : 'threads'} ${listed(left)}.`,
      'aside',
    )
}

/** Without what the C library calls before main(). */
function framesOf(all: readonly Frame[]): Frame[] {
  const main = all.findIndex((frame) => frame.function === 'main')
  return all.slice(0, main < 0 ? mostFrames : main + 1)
}

function tellFrames(
  stage: Stage,
  { pid, tid }: { pid: number; tid: number },
  { program }: Debugger,
  frames: readonly Frame[],
): void {
  const who = tid === pid ? named(pid) : `thread ${tid} of ${named(pid)}`
  if (!frames.some((frame) => frame.function !== undefined)) {
    stage.note(`Not observed: the functions of ${who}, since ${program} found no names.`, 'aside')
    return
  }
  stage.note(`These functions of ${who} called each other. The last one called is first.`)
  for (const [depth, frame] of frames.entries()) {
    const { function: name = 'a function without a name', module, source } = frame
    const place = source ?? (module === undefined ? undefined : basename(module))
    stage.evidence(`${program} -p ${tid}`, `#${depth} ${name}`, place ?? '', {
      data: { kind: 'frame', pid, tid, depth, ...frame },
    })
  }
}
