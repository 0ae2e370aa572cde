/** What a process has open, which other processes are at the other end, what looks like a leak, and how near the limit is. */
import { OsdemoError } from '../../errors.js'
import type { TcpRow } from '../../proc/net-tcp.js'
import { folderIsClosed } from '../../proc/open-descriptors.js'
import { readStatus } from '../../proc/status.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted, thousands } from '../../text.js'
import { type Opened, type OpenedFiles, openedFiles, relationsOf } from '../../why/files.js'
import { groupBy, type Leak, leaksOf } from '../../why/leaks.js'
import { createWorld, type World } from '../../why/snapshot.js'
import { requireProc } from '../shared/require-proc.js'
import { requireLeader, requireSame } from './leader.js'
import { endpointText } from './render/sockets.js'
import { verb } from './render/telling.js'
import { named } from './render/words.js'

/** Of each kind, only this number of objects is shown. */
const most = 6

/** The characters of an object and of the process at its other end, so that a table fits into 80 columns. */
const widest = 34
const widestName = 15

/** The limit is near when at most a tenth of it is left. */
const nearness = 10

export function whyFiles(asked: number): Demo {
  return async (stage) => {
    requireProc('why')
    const stat = requireLeader(stage, asked)
    const { pid } = stat
    const world = createWorld()
    const opened = openedFiles(world, pid)
    requireVisible(pid, opened)
    const leaks = leaksOf(world, pid, opened.objects)
    const groups = [...groupBy(opened.objects, ({ kind }) => kind)]
    const sizes = new Map(groups.map(([kind, all]) => [kind, countOf(all)]))
    tellLimit(stage, pid, opened)
    for (const leak of leaks) tellLeak(stage, pid, leak)
    for (const [kind, all] of groups.toSorted(
      ([one], [other]) => (sizes.get(other) ?? 0) - (sizes.get(one) ?? 0),
    ))
      tellGroup(stage, world, pid, kind, all)
    const { hidden } = world.census()
    requireSame(stat)
    if (opened.count === 0 && stat.state === 'Z')
      stage.note('It is a zombie: the kernel has closed all its descriptors.', 'aside')
    if (hidden > 0)
      stage.note(
        `Not observed: the descriptors of ${counted(hidden, 'process', 'processes')} of other users.`,
        'aside',
      )
    tellNext(stage, pid, opened)
  }
}

function countOf(objects: readonly Opened[]): number {
  return objects.reduce((sum, { fds }) => sum + fds.length, 0)
}

/** @throws OsdemoError where this user may not see the descriptors */
function requireVisible(pid: number, { count }: OpenedFiles): void {
  if (count > 0 || !folderIsClosed(pid)) return
  const owner = readStatus(pid)?.euid
  throw new OsdemoError(`the descriptors of ${named(pid)} are not visible to this user`, 1, {
    hint: owner === process.geteuid?.() ? 'Run osdemo as root.' : `Run osdemo as user ${owner} or as root.`,
  })
}

function isNear({ limit, left }: OpenedFiles): boolean {
  return limit !== undefined && left !== undefined && left * nearness <= limit.soft
}

function tellLimit(stage: Stage, pid: number, opened: OpenedFiles): void {
  const { count, limit, left } = opened
  const has = `${named(pid)} has ${counted(count, 'descriptor')}`
  if (!limit || left === undefined) return void stage.note(`${has}.`, 'opening')
  const text = isNear(opened)
    ? `${has}, and the limit is near: after ${thousands(left)} more, open(2) fails with EMFILE.`
    : `${has}, of at most ${thousands(limit.soft)}.`
  const data = { kind: 'files', count, left, soft: limit.soft, hard: limit.hard, isNear: isNear(opened) }
  stage.say({ event: 'note', role: 'opening', text, data })
  stage.evidence(
    `/proc/${pid}/limits`,
    `Max open files ${limit.soft} ${limit.hard}`,
    'the limit, and how far it may be raised',
    {
      data: { soft: limit.soft, hard: limit.hard },
    },
  )
}

function tellLeak(stage: Stage, pid: number, { kind, example, count }: Leak): void {
  stage.say({
    event: 'note',
    role: 'opening',
    text: `Likely a leak: ${leakText({ kind, example, count })}`,
    data: {
      kind: `leak-${kind}`,
      pid,
      count,
      target: example.target,
      object: nameOf(example),
      fd: example.fds[0] ?? -1,
    },
  })
}

function leakText({ kind, example, count }: Leak): string {
  switch (kind) {
    case 'same-object':
      return `${thousands(count)} of its descriptors refer to ${nameOf(example)}.`
    case 'same-kind':
      return `it has ${thousands(count)} descriptors of the kind ${example.kind}.`
    case 'same-peer':
      return `${thousands(count)} of its connections are to ${example.tcp ? endpointText(example.tcp.remote) : ''}.`
    case 'close-wait':
      return `the peers have closed ${thousands(count)} of its connections, and it has not (CLOSE_WAIT).`
    case 'no-other-end':
      return `no process has the other end of ${thousands(count)} of its pipes.`
  }
}

function tellGroup(stage: Stage, world: World, pid: number, kind: string, all: readonly Opened[]): void {
  // Those with many descriptors are what a person looks for, and a listener for which clients wait.
  const waiting = ({ tcp }: Opened) => waitingAt(tcp) ?? 0
  const shown = all
    .toSorted((one, other) => other.fds.length - one.fds.length || waiting(other) - waiting(one))
    .slice(0, most)
  for (const opened of shown)
    tellObject(stage, world, pid, opened, `${kind}: ${counted(countOf(all), 'descriptor')}`)
  const more = all.length - shown.length
  if (more > 0) stage.note(`Left out: ${counted(more, 'more object')} of the kind ${kind}.`, 'aside')
}

function tellObject(stage: Stage, world: World, pid: number, opened: Opened, table: string): void {
  const { kind, target, fds, access } = opened
  const { sharers, peers } = relationsOf(world, pid, opened)
  const use = access === 'O_RDONLY' ? 'read' : access === 'O_WRONLY' ? 'write' : access ? 'both' : 'path'
  const users = sharers === undefined ? '' : thousands(sharers.length + 1)
  const end = peers && processes(peers, world.census().hidden)
  const name = nameOf(opened)
  const waiting = waitingAt(opened.tcp)
  const shared = users === '' ? '' : `, open in ${counted(Number(users), 'process', 'processes')}`
  const other = end === undefined ? '' : `, the other end in ${end}`
  stage.say({
    event: 'note',
    role: 'step',
    text: `${verb(fds, 'Descriptor', 'Descriptors')} ${ranges(fds)}: ${name} (${use})${shared}${other}.`,
    row: {
      table,
      cells: {
        FD: ranges(fds.slice(0, 2)) + (fds.length > 2 ? ', ...' : ''),
        OBJECT: cut(name),
        USE: use,
        USERS: users,
        'OTHER END': end ?? '',
      },
    },
    data: {
      kind,
      target,
      object: name,
      fds,
      access: access ?? 'O_PATH',
      ...(sharers && { sharers }),
      ...(peers && { peers }),
      ...(opened.tcp && { state: opened.tcp.state }),
      ...(waiting !== undefined && { waiting }),
    },
  })
}

/** What people call an object: a path, or the addresses of a socket. */
function nameOf({ target, tcp, udp, unix }: Opened): string {
  const row = tcp ?? udp
  if (row) {
    const state = tcp && tcp.state !== 'ESTABLISHED' ? `${tcp.state} ` : ''
    const hasPeer = row.remote.port !== 0
    const waiting = waitingAt(tcp)
    const queue = waiting ? `, ${thousands(waiting)} wait` : ''
    return `${state}${endpointText(row.local)}${hasPeer ? ` to ${endpointText(row.remote)}` : ''}${queue}`
  }
  return unix?.path ? unix.path : target
}

/** How many connections a listener has not accepted yet; undefined for another socket. */
function waitingAt(tcp: TcpRow | undefined): number | undefined {
  return tcp?.state === 'LISTEN' ? tcp.rxQueue : undefined
}

/** `3-5, 9` */
function ranges(fds: readonly number[]): string {
  const parts: [first: number, last: number][] = []
  for (const fd of fds) {
    const part = parts.at(-1)
    if (part && part[1] + 1 === fd) part[1] = fd
    else parts.push([fd, fd])
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')
}

/** The end of a path says more than its beginning. */
function cut(text: string): string {
  if (text.length <= widest) return text
  return text.startsWith('/') ? `...${text.slice(3 - widest)}` : `${text.slice(0, widest - 3)}...`
}

/** @param hidden the number of processes whose descriptors this user may not see: one of them may be meant */
function processes(pids: readonly number[], hidden: number): string {
  const [first] = pids
  if (first === undefined) return hidden > 0 ? 'not visible' : 'no process'
  if (pids.length > 1) return `${pids.length} processes`
  const name = named(first)
  return name.length <= widestName ? name : `pid ${first}`
}

function tellNext(stage: Stage, pid: number, opened: OpenedFiles): void {
  const { limit } = opened
  if (limit && isNear(opened) && limit.soft < limit.hard) {
    const command = `prlimit --pid ${pid} --nofile=${Math.min(limit.hard, limit.soft * 2)}:`
    const text = `\`${command}\` raises the limit of the running process. It does not end a leak.`
    stage.say({ event: 'note', role: 'next', text, data: { do: 'raise-limit', pid, command } })
  }
  stage.note(`Next: \`osdemo why ${pid}\` reports what the process waits for.`, 'next')
}
