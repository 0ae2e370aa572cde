/**
 * How a process ends, as wait(2) encodes it, and what becomes of text in a buffer of stdio. A C program forks, because Node cannot,
 * and Node's output has no such buffer.
 */
import { constants } from 'node:os'
import { readStat, readWaitStatus } from '../../proc/stat.js'
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'
import { requireProc } from '../shared/require-proc.js'
import { signalName } from '../shared/signal-name.js'

/** How long the end of the parent may take, in milliseconds. */
const patience = 10_000

export const processExit: Demo = async (stage) => {
  requireProc('process exit')
  stage.note(
    'A process exits with a code, or a signal terminates it, and wait(2) returns one number for both. ' +
      'Watch this number, and what happens to text that is still in a buffer.',
    'opening',
  )
  const words = [await compiled('exits')]
  const parent = await startLineProgram(stage, 'parent', words)
  /** The numbers in the next line of the parent. @throws DemoFailed where it is another one */
  const line = async (pattern: RegExp) => {
    const found = pattern.exec((await parent.next()) ?? '')
    if (!found) throw printedNothing('parent', words)
    return found.slice(1).map(Number)
  }
  parent.tell('begin')
  await showStatuses(stage, parent, line)
  parent.tell('next step')
  await showBuffers(stage, parent, line)
  parent.tell('exit')
  await stage.poll(() => parent.ending(), patience)
  stage.note(
    'A program that forks calls fflush(3) first. Or its child calls _exit(2), ' +
      'so that only the parent writes what both have in the buffer.',
    'closing',
  )
  stage.note('Next: `osdemo process zombie` shows a process that has exited and was not reaped.', 'next')
}

type Line = (pattern: RegExp) => Promise<number[]>

/** What the parent found out about a child with the macros of wait(2). */
interface Ending {
  /** The number that waitpid(2) has stored. */
  status: number
  /** What /proc had reported of the zombie. */
  kept: number | undefined
  exited: number
  code: number
  signaled: number
  signal: number
  core: number
}

/** Reads a zombie, and has the parent reap it. */
async function reap(stage: Stage, parent: LineProgram, line: Line, how: string): Promise<Ending> {
  const [child = 0] = await line(/^zombie (\d+)$/)
  stage.say({ event: 'started', child, name: 'child', kind: 'process', parent: parent.id })
  const kept = readStat(child)?.state === 'Z' ? readWaitStatus(child) : undefined
  parent.tell('next step')
  const [status = 0, exited = 0, code = 0, signaled = 0, signal = 0, core = 0] = await line(
    /^status (\d+) exited (\d) code (\d+) signaled (\d) signal (\d+) core (\d)$/,
  )
  const name = signaled === 1 ? signalName(signal) : null
  // The child has sent it to itself, with raise(3).
  if (name !== null) stage.say({ event: 'signal', signal: name, from: child, to: child, name: 'child' })
  const ended = name === null ? { code, signal: null } : { code: null, signal: name }
  stage.say({ event: 'exited', child, name: 'child', kind: 'process', ...ended })
  if (kept !== undefined)
    stage.evidence(`/proc/${child}/stat`, hex(kept), `the status of the zombie, after ${how}`, { data: kept })
  const decoded = signaled === 1 ? `signal ${signal}` : `code ${code}`
  stage.evidence(`waitpid(2) of pid ${parent.id}`, `${hex(status)}: ${decoded}`, `the status, after ${how}`, {
    data: { status, exited, code, signaled, signal, core },
  })
  return { status, kept, exited, code, signaled, signal, core }
}

const hex = (status: number) => `0x${status.toString(16).padStart(4, '0')}`

async function showStatuses(stage: Stage, parent: LineProgram, line: Line): Promise<void> {
  const three = await reap(stage, parent, line, 'exit(3)')
  stage.claim(
    'exit/code-is-in-the-high-byte',
    `After exit(3) the status is ${hex(three.status)}: the code is in the high byte, and WIFEXITED is true.`,
    three.status === 0x300 && three.exited === 1 && three.signaled === 0 && three.code === 3,
  )
  const more = await reap(stage, parent, line, 'exit(259)')
  stage.claim(
    'exit/code-has-eight-bits',
    'An exit code has 8 bits: the parent of a child that called exit(259) reads 3.',
    more.exited === 1 && more.code === 259 % 256 && more.status === three.status,
  )
  const term = await reap(stage, parent, line, 'SIGTERM')
  const abort = await reap(stage, parent, line, 'SIGABRT')
  const { SIGTERM, SIGABRT } = constants.signals
  stage.claim(
    'exit/signal-is-in-the-low-bits',
    `A signal is in the low 7 bits of the status, and WIFSIGNALED is true: ${hex(term.status)} for SIGTERM (15).`,
    [term, abort].every(
      ({ status, exited, signaled, signal }) => exited === 0 && signaled === 1 && (status & 0x7f) === signal,
    ) &&
      term.signal === SIGTERM &&
      abort.signal === SIGABRT,
  )
  stage.note(
    'Not observed: the flag 0x80, which WCOREDUMP reads. This demo does not let the kernel write a file `core`.',
    'aside',
  )
  const all = [three, more, term, abort]
  if (all.every(({ kept }) => kept === 0)) {
    stage.note('Not observed: the status of a zombie, because this user may not read it in /proc.', 'aside')
    return
  }
  stage.claim(
    'exit/kernel-keeps-the-status',
    'The kernel keeps the status of a zombie until the parent calls wait(2), which returns the same number.',
    all.every(({ kept, status }) => kept === status),
  )
}

const table = 'a line in a buffer: how often it arrives'

async function showBuffers(stage: Stage, parent: LineProgram, line: Line): Promise<void> {
  /** How often the line arrived at the other end. */
  const arrivals = async (name: string, how: string) => {
    const escaped = name.replace(/[()]/g, '\\$&')
    const [times = Number.NaN] = await line(
      new RegExp(`^${escaped} (?:arrived (\\d+) times|has no terminal)$`),
    )
    if (!Number.isNaN(times))
      stage.evidence(`read(2) of pid ${parent.id}`, counted(times, 'line'), how, { data: { times } })
    return times
  }
  const row = (steps: string, output: string, times: number) => ({
    table,
    cells: { 'after printf(3)': steps, output, lines: `${times}` },
  })
  const exit = await arrivals('exit(3)', 'printf(3), then exit(3)')
  const quick = await arrivals('_exit(2)', 'printf(3), then _exit(2)')
  const fork = await arrivals('fork(2)', 'printf(3), then fork(2) and twice exit(3)')
  const flushed = await arrivals('fflush(3)', 'the same, with fflush(3) before fork(2)')
  const child = await arrivals('child _exit(2)', 'the same, but the child calls _exit(2)')
  const terminal = await arrivals('terminal', 'the same, but stdout is a terminal')
  stage.claim(
    'exit/exit-writes-the-buffer',
    'exit(3) writes what printf(3) has left in its buffer.',
    exit === 1,
    row('exit(3)', 'pipe', exit),
  )
  stage.claim(
    'exit/quick-exit-loses-the-buffer',
    '_exit(2) ends the process at once: text in a buffer is lost.',
    quick === 0,
    row('_exit(2)', 'pipe', quick),
  )
  stage.claim(
    'exit/fork-copies-the-buffer',
    'fork(2) copies the buffer with the rest of the memory: both processes write the line.',
    fork === 2,
    row('fork(2), both exit(3)', 'pipe', fork),
  )
  stage.claim(
    'exit/flush-before-fork',
    'After fflush(3) the buffer is empty, so fork(2) copies no text.',
    flushed === 1,
    row('fflush(3), fork(2), both exit(3)', 'pipe', flushed),
  )
  stage.claim(
    'exit/child-quick-exit-writes-nothing',
    'A child that calls _exit(2) does not write its copy of the buffer.',
    child === 1,
    row('fork(2), child _exit(2)', 'pipe', child),
  )
  if (Number.isNaN(terminal)) {
    stage.note('Not observed: output to a terminal, because this machine has no pty(7).', 'aside')
    return
  }
  stage.claim(
    'exit/terminal-is-written-line-by-line',
    'To a terminal, printf(3) writes each line at once: the buffer is empty before fork(2).',
    terminal === 1,
    row('fork(2), both exit(3)', 'terminal', terminal),
  )
}
