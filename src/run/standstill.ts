/** What a demo that makes no progress waits for, as the kernel shows it. */
import { DemoFailed } from '../errors.js'
import type { NoteFact } from '../events.js'
import { readStat } from '../proc/stat.js'
import { waitingThreads } from '../proc/task.js'
import { descendants } from './work.js'

/** A process or a thread that a stage has started and that has not exited. */
export interface Watched {
  name: string
  id: number
  kind: 'process' | 'thread'
  /** Whether the demo waits for an event of it, or for its exit. */
  isAwaited(): boolean
  /** Whether it has reported nothing since its start. */
  isSilent(): boolean
}

/** The processes and threads of a run. */
export interface Cast {
  awaitable: Set<Watched>
  /** The names of all processes that the run has reported, by pid: also of those that a program has started. */
  names: Map<number, string>
}

/** In these calls a thread only waits for work. They show nothing while another thread blocks in another call. */
const idleCalls = ['epoll_wait', 'epoll_pwait', 'futex']

/** Notes that say what the demo waits for, and what a person can do about it. */
export function whatItWaitsFor(cast: Cast): NoteFact[] {
  const stopped = stoppedOnes(cast)
  if (stopped.length > 0)
    return stopped.map(({ name, pid }) => ({
      event: 'note',
      role: 'next',
      text: `The ${name} (pid ${pid}) was stopped by a signal. Continue it: kill -CONT ${pid}`,
      data: { waitsFor: [pid], stopped: true },
    }))
  const awaited = awaitedOnes(cast)
  const text =
    awaited.length === 0
      ? 'The demo has made no progress for some time.'
      : `The demo waits for ${listed(awaited, 1)}.`
  return [
    { event: 'note', role: 'step', text, data: { waitsFor: awaited.map(({ id }) => id), stopped: false } },
  ]
}

/** The error of a run that has made no progress for so many milliseconds. */
export function standstill(cast: Cast, idle: number): DemoFailed {
  const seconds = `nothing has happened for ${Math.round(idle / 1000)} seconds`
  const stopped = stoppedOnes(cast)
  if (stopped.length > 0) {
    const names = stopped.map(({ name, pid }) => `the ${name} (pid ${pid})`).join(' and ')
    return new DemoFailed(`${seconds}: ${names} was stopped by a signal`, {
      hint: 'Another process sent the signal. Run the command again.',
    })
  }
  const awaited = awaitedOnes(cast)
  const silent = awaited.some(({ isSilent }) => isSilent())
  const hint = silent
    ? 'Raise the limit of processes and threads of this user (ulimit -u). Then run the command again.'
    : 'Another process may have taken data of this run. Run the command again.'
  return new DemoFailed(
    awaited.length === 0 ? seconds : `${seconds}: the demo waits for ${listed(awaited, 3)}`,
    {
      hint,
    },
  )
}

/** The stopped processes of the run, also those that it has not started itself, and orphans. */
export function stoppedOnes({ names }: Cast): { name: string; pid: number }[] {
  const reported = [...names.keys()].flatMap((pid) => readStat(pid) ?? [])
  const all = new Map([...descendants(), ...reported].map((stat) => [stat.pid, stat]))
  return [...all.values()].flatMap(({ pid, comm, state }) =>
    state === 'T' ? [{ pid, name: names.get(pid) ?? comm }] : [],
  )
}

/** The processes and threads that the demo waits for. Where it waits for none in particular, all. */
function awaitedOnes({ awaitable }: Cast): Watched[] {
  const awaited = [...awaitable].filter(({ isAwaited }) => isAwaited())
  return awaited.length > 0 ? awaited : [...awaitable]
}

/** `the reader (pid 812), which is blocked in read(2)`, for at most so many of them. */
function listed(list: Watched[], most: number): string {
  const words = list.slice(0, most).map((one) => {
    const kind = one.kind === 'thread' ? 'thread' : 'pid'
    return `the ${one.name} (${kind} ${one.id})${doing(one)}`
  })
  const rest = list.length - words.length
  return [...words, ...(rest > 0 ? [`${rest} more`] : [])].join(', and ')
}

/** What it does now. Empty where the kernel does not show that to this user. */
function doing({ id, kind, isSilent }: Watched): string {
  if (isSilent()) return ', which has reported nothing since its start'
  const threads = waitingThreads(kind === 'thread' ? process.pid : id).filter(
    ({ tid }) => kind === 'process' || tid === id,
  )
  const calls = threads.flatMap(({ syscall }) => syscall ?? [])
  const call = calls.find((each) => !idleCalls.includes(each)) ?? calls[0]
  return call === undefined ? '' : `, which is blocked in ${call}(2)`
}
