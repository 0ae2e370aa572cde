/** poll(2), select(2) and epoll(7): on which descriptors, and for how long. */
import { readWatched, type Watched } from '../../proc/fd-details.js'
import { readMemory, readTimespec } from '../../proc/process-memory.js'
import { listed, type Other, type Proof, seconds, type World } from '../snapshot.js'
import { otherEnd } from './descriptor.js'

/** POLLIN and POLLOUT of poll.h; EPOLLIN and EPOLLOUT are the same. */
const IN = 1
const OUT = 4

export const pollCalls = [
  'poll',
  'ppoll',
  'select',
  'pselect6',
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
] as const

/** How many descriptors are told one by one. */
const most = 6

/** @param call a name in `pollCalls`; undefined where its arguments may not be read */
export function polled(world: World, pid: number, call: string, args: bigint[]): Other | undefined {
  const watched = watchedBy(pid, call, args)
  if (!watched) return undefined
  const limit = timeLimit(pid, call, args)
  const ends = watched.slice(0, 64).map(({ fd, events }) => {
    const access = events & OUT && !(events & IN) ? 'writing' : 'reading'
    return { fd, end: otherEnd(world, pid, fd, access, true) }
  })
  const told = ends.slice(0, most).map(({ fd, end }) => {
    return end ? `fd ${fd}, ${end.object}, for ${end.event}. ${end.who}` : `fd ${fd}, which cannot be seen.`
  })
  const rest = watched.length - told.length
  const time = limit === undefined ? '' : `, for at most ${seconds(limit)}`
  const source = call.startsWith('epoll') ? `/proc/${pid}/fdinfo/${args[0]}` : `/proc/${pid}/mem`
  const fds = listed(
    watched.map(({ fd }) => `${fd}`),
    12,
  )
  const steps = ends.flatMap(({ end }) => end?.step ?? [])
  // To end one of many peers is hardly what is wanted.
  const mild = watched.length === 1 ? steps : steps.filter(({ command }) => !command.startsWith('kill'))
  return {
    object:
      ['no descriptor at all', 'one descriptor'][watched.length] ?? `any of ${watched.length} descriptors`,
    event: watched.length === 0 ? `time to pass or a signal${time}` : `something to happen${time}`,
    who: [...told.map((line) => `Waits on ${line}`), ...(rest > 0 ? [`And on ${rest} more.`] : [])].join(
      '\n',
    ),
    proofs: [
      { source, value: fds === '' ? 'none' : fds, about: 'the descriptors that it waits on' },
      ...ends.slice(0, most).flatMap(({ end }): Proof[] => end?.proofs ?? []),
    ],
    wakers: [...new Set(ends.flatMap(({ end }) => end?.wakers ?? []))],
    open:
      limit !== undefined ||
      watched.length > ends.length ||
      ends.some(({ end }) => end === undefined || end.open),
    step: mild[0],
  }
}

function watchedBy(pid: number, call: string, args: bigint[]): Watched[] | undefined {
  if (call.startsWith('epoll')) return readWatched(pid, Number(args[0]))
  if (call === 'poll' || call === 'ppoll') return pollEntries(pid, args[0]!, Number(args[1]))
  return selected(pid, Number(args[0]), args.slice(1, 4))
}

/** struct pollfd: int fd; short events; short revents. */
function pollEntries(pid: number, address: bigint, count: number): Watched[] | undefined {
  const bytes = count === 0 ? Buffer.alloc(0) : readMemory(pid, address, count * 8)
  if (bytes?.length !== count * 8) return undefined
  const entries = Array.from({ length: count }, (_, index) => ({
    fd: bytes.readInt32LE(index * 8),
    events: bytes.readUInt16LE(index * 8 + 4),
  }))
  return entries.filter(({ fd }) => fd >= 0)
}

/** The three sets of select(2), a bit for each descriptor: to read, to write, and for exceptions, which are rare. */
function selected(pid: number, count: number, sets: bigint[]): Watched[] | undefined {
  const length = Math.ceil(count / 8)
  const [reads, writes] = sets.map((address) =>
    address === 0n || length === 0 ? Buffer.alloc(length) : readMemory(pid, address, length),
  )
  if (reads?.length !== length || writes?.length !== length) return undefined
  const has = (set: Buffer, fd: number) => ((set[fd >> 3]! >> (fd & 7)) & 1) !== 0
  return Array.from({ length: count }, (_, fd) => ({
    fd,
    events: (has(reads, fd) ? IN : 0) + (has(writes, fd) ? OUT : 0),
  })).filter(({ events }) => events !== 0)
}

/** In seconds, as it was asked for; undefined without a limit. */
function timeLimit(pid: number, call: string, args: bigint[]): number | undefined {
  if (call === 'poll' || call === 'epoll_wait' || call === 'epoll_pwait') {
    const milliseconds = Number(BigInt.asIntN(32, call === 'poll' ? args[2]! : args[3]!))
    return milliseconds < 0 ? undefined : milliseconds / 1000
  }
  const address = { ppoll: args[2], epoll_pwait2: args[3] }[call] ?? args[4]!
  if (address === 0n) return undefined
  const time = readTimespec(pid, address)
  // select(2) has microseconds where the others have nanoseconds.
  return call === 'select' && time !== undefined ? Math.trunc(time) + (time % 1) * 1000 : time
}
