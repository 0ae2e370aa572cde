/**
 * What a process keeps when it executes another program, and what execve(2) replaces. A C program does it, because Node can only
 * start a program in a new process. It waits before each step, so that osdemo can compare /proc before and after.
 */
import { constants, getPriority } from 'node:os'
import { basename } from 'node:path'
import { fdFlags } from '../../proc/fds.js'
import { readDescriptorLink, readFolderOf, readProgramFile } from '../../proc/links.js'
import { readInt } from '../../proc/process-memory.js'
import { readMaps } from '../../proc/smaps.js'
import { readStat } from '../../proc/stat.js'
import { readSignalSet, type SignalField, signalsIn } from '../../proc/status.js'
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'
import { requireProc } from '../shared/require-proc.js'

const { SIGUSR1, SIGUSR2, SIGHUP } = constants.signals

/** How long the end of the process may take, in milliseconds. */
const patience = 10_000

export const processExec: Demo = async (stage) => {
  requireProc('process exec')
  stage.note(
    'execve(2) replaces the program of a process, and not the process. ' +
      'Watch what /proc reports of one pid, before the call and after it.',
    'opening',
  )
  const words = [await compiled('before-exec'), await compiled('after-exec')]
  const program = await startLineProgram(stage, 'program', words)
  /** The next line that the process prints. @throws DemoFailed where it is another one */
  const line = async (pattern: RegExp) => {
    const found = pattern.exec((await program.next()) ?? '')
    if (!found) throw printedNothing('program', words)
    return found.slice(1)
  }
  const [number, address = '', kept, closed] = await line(
    /^number (\d+) at 0x([0-9a-f]+), kept (\d+), closed (\d+)$/,
  )
  stage.note(
    'The process has set a variable and opened two files. It handles, ignores or blocks three signals.',
  )
  const parts = { address: BigInt(`0x${address}`), kept: Number(kept), closed: Number(closed) }
  const before = observe(program.id, parts)

  program.tell('next step')
  const [errno] = await line(/^execve failed with errno (\d+)$/)
  const isNotFound = Number(errno) === constants.errno.ENOENT
  stage.evidence(
    `execve(2) of pid ${program.id}`,
    isNotFound ? 'ENOENT' : `errno ${errno}`,
    'no such program',
    {
      data: { errno: Number(errno) },
    },
  )
  stage.claim(
    'exec/returns-only-when-it-fails',
    'execve(2) returns only when it fails: the process continues with its old program.',
    isNotFound && readProgramFile(program.id) === before.program,
  )

  program.tell('next step')
  const [pid] = await line(/^another program in process (\d+)$/)
  stage.note('The process has called execve(2) again, and the other program prints its first line.')
  const after = observe(program.id, parts)
  show(stage, program, parts, before, after)
  claimProcess(stage, program, Number(pid), before, after)
  claimMemory(stage, program, Number(number), before, after)
  claimDescriptors(stage, parts, before, after)
  claimSignals(stage, before, after)

  program.tell('exit')
  await stage.poll(() => program.ending(), patience)
  stage.note(
    'A shell needs this. After fork(2) the child sets descriptors, folder and signals. Then it calls execve(2), ' +
      'and the new program finds all of them.',
    'closing',
  )
  stage.note('Next: `osdemo process exit` shows what a parent learns of the end of its child.', 'next')
}

interface Parts {
  address: bigint
  kept: number
  closed: number
}

/** What the kernel reports of the process. */
function observe(pid: number, { address, kept, closed }: Parts) {
  const maps = readMaps(pid)
  const signals = (field: SignalField) => signalsIn(readSignalSet(pid, field) ?? 0n)
  const file = (fd: number) => {
    const target = readDescriptorLink(pid, fd)
    return target === undefined
      ? 'closed'
      : `${target}${((fdFlags(pid, fd)?.flags ?? 0) & closeOnExec) === 0 ? '' : ', O_CLOEXEC'}`
  }
  return {
    stat: readStat(pid),
    program: readProgramFile(pid),
    files: new Set(maps.map(({ name }) => name)),
    mapping: maps.find(({ from, to }) => from <= address && address < to)?.name,
    number: readInt(pid, address),
    kept: file(kept),
    closed: file(closed),
    folder: readFolderOf(pid, 'cwd'),
    nice: niceOf(pid),
    caught: signals('SigCgt'),
    ignored: signals('SigIgn'),
    blocked: signals('SigBlk'),
    pending: signals('ShdPnd'),
  }
}

type Observed = ReturnType<typeof observe>

/** O_CLOEXEC of asm-generic/fcntl.h, which x86 and ARM use. */
const closeOnExec = 0o2000000

/** Undefined when another process has killed it. */
function niceOf(pid: number): number | undefined {
  try {
    return getPriority(pid)
  } catch {
    return undefined
  }
}

const table = 'what execve(2) keeps and replaces'

/** A row of the table. */
function row(part: string, before: string | number | undefined, after: string | number | undefined) {
  const cell = (value: string | number | undefined) => `${value ?? 'unknown'}`
  return { table, cells: { 'part of the process': part, before: cell(before), after: cell(after) } }
}

/** Quotes what the kernel reports, before and after. All of it comes first, so that the claims form one table. */
function show(stage: Stage, { id }: LineProgram, { kept, closed }: Parts, before: Observed, after: Observed) {
  const pair = (source: string, about: string, [from, to]: (string | number | undefined)[]) =>
    stage.evidence(source, `before: ${from ?? 'unknown'}, after: ${to ?? 'unknown'}`, about, {
      data: { before: from ?? null, after: to ?? null },
    })
  const both = <T>(look: (observed: Observed) => T) => [look(before), look(after)]
  pair(
    `/proc/${id}/exe`,
    'the program',
    both(({ program }) => program && basename(program)),
  )
  if (before.mapping !== undefined)
    pair(
      `/proc/${id}/maps`,
      'mapped at the address of the variable',
      both(({ mapping }) => basename(mapping ?? 'nothing')),
    )
  pair(
    `/proc/${id}/fd/${kept}`,
    'opened without O_CLOEXEC',
    both((observed) => observed.kept),
  )
  pair(
    `/proc/${id}/fd/${closed}`,
    'opened with O_CLOEXEC',
    both((observed) => observed.closed),
  )
  pair(
    `getpriority(2) of pid ${id}`,
    'the nice value',
    both(({ nice }) => nice),
  )
  pair(
    `/proc/${id}/cwd`,
    'the working folder',
    both(({ folder }) => folder),
  )
  for (const [set, field] of sets) {
    pair(
      `/proc/${id}/status`,
      field,
      both((observed) => named(observed[set])),
    )
  }
  // Last, because it belongs to the claim that comes first: `--predict` quotes it.
  pair(
    `/proc/${id}/stat`,
    'the parent',
    both(({ stat }) => stat?.ppid),
  )
  pair(
    `/proc/${id}/stat`,
    'the start, in 1/100 s since boot',
    both(({ stat }) => stat?.startTicks),
  )
}

/** The sets of signals, by their names here and in /proc/PID/status. */
const sets = [
  ['caught', 'SigCgt'],
  ['ignored', 'SigIgn'],
  ['blocked', 'SigBlk'],
  ['pending', 'ShdPnd'],
] as const

/** The signals of the program that a set contains. */
function named(signals: number[]): string {
  const names = Object.entries({ SIGUSR1, SIGUSR2, SIGHUP }).filter(([, signal]) => signals.includes(signal))
  return names.map(([name]) => name).join(', ') || 'none of the three'
}

/** The process is the same, its program is another one. */
function claimProcess(
  stage: Stage,
  { id }: LineProgram,
  printed: number,
  before: Observed,
  after: Observed,
): void {
  stage.claim(
    'exec/keeps-pid',
    'execve(2) starts no process: pid, parent and start time stay the same.',
    printed === id &&
      after.stat !== undefined &&
      after.stat.ppid === before.stat?.ppid &&
      after.stat.startTicks === before.stat.startTicks,
    row('pid', id, printed),
  )
  stage.claim(
    'exec/replaces-program',
    'The process executes another program now, and its name is that of the new file.',
    before.program !== undefined &&
      after.program !== undefined &&
      after.program !== before.program &&
      after.stat?.comm === basename(after.program).slice(0, 15),
    row('name', before.stat?.comm, after.stat?.comm),
  )
}

/** No mapping of the old program is left. */
function claimMemory(
  stage: Stage,
  { id }: LineProgram,
  number: number,
  before: Observed,
  after: Observed,
): void {
  if (before.mapping === undefined || before.program === undefined || after.program === undefined) {
    stage.note(
      `Not observed: the memory of pid ${id}, because this user may not read /proc/${id}/maps.`,
      'aside',
    )
    return
  }
  stage.claim(
    'exec/replaces-memory',
    'The kernel removes the old memory: no mapping of the old program is left, and its variable no longer exists.',
    before.files.has(before.program) &&
      !after.files.has(before.program) &&
      after.files.has(after.program) &&
      after.number !== number,
    row('variable', before.number, after.mapping === undefined ? 'not mapped' : after.number),
  )
}

/** Descriptors, nice value and folder. */
function claimDescriptors(stage: Stage, { kept, closed }: Parts, before: Observed, after: Observed): void {
  stage.claim(
    'exec/keeps-descriptors',
    'Descriptors stay open: the new program can use what the old one has opened.',
    before.kept === '/dev/null' && after.kept === before.kept,
    row(`descriptor ${kept}`, before.kept, after.kept),
  )
  stage.claim(
    'exec/closes-close-on-exec',
    'The kernel closes each descriptor that has the flag FD_CLOEXEC.',
    before.closed === '/dev/zero, O_CLOEXEC' && after.closed === 'closed',
    row(`descriptor ${closed}`, before.closed, after.closed),
  )
  stage.claim(
    'exec/keeps-nice-value',
    'The nice value stays the same: the scheduler gives the process the same weight.',
    before.nice !== undefined && after.nice === before.nice,
    row('nice value', before.nice, after.nice),
  )
  stage.claim(
    'exec/keeps-folder',
    'The working folder stays the same: a path without / at its start means the same file.',
    before.folder === '/dev' && after.folder === before.folder,
    row('working folder', before.folder, after.folder),
  )
}

/** Handlers are part of the old program. Ignored, blocked and pending signals are not. */
function claimSignals(stage: Stage, before: Observed, after: Observed): void {
  const action = ({ caught, ignored }: Observed, signal: number) =>
    caught.includes(signal) ? 'handler' : ignored.includes(signal) ? 'ignored' : 'default action'
  const rowOf = (name: string, signal: number) => row(name, action(before, signal), action(after, signal))
  stage.claim(
    'exec/resets-handlers',
    'A handler is part of the old program: SIGUSR1 has its default action again.',
    action(before, SIGUSR1) === 'handler' && action(after, SIGUSR1) === 'default action',
    rowOf('SIGUSR1', SIGUSR1),
  )
  stage.claim(
    'exec/keeps-ignored-signals',
    'A signal that was ignored stays ignored: SIGUSR2.',
    action(before, SIGUSR2) === 'ignored' && action(after, SIGUSR2) === 'ignored',
    rowOf('SIGUSR2', SIGUSR2),
  )
  const waits = ({ blocked, pending }: Observed) => blocked.includes(SIGHUP) && pending.includes(SIGHUP)
  const word = (observed: Observed) => (waits(observed) ? 'blocked, pending' : 'not pending')
  stage.claim(
    'exec/keeps-pending-signals',
    'A signal that is blocked and pending stays so: SIGHUP.',
    waits(before) && waits(after),
    row('SIGHUP', word(before), word(after)),
  )
}
