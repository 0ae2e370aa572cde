/** Traces a process that already runs, until it exits or the user has seen enough. The process continues in any case. */
import { basename } from 'node:path'
import { DemoFailed, Unavailable } from '../../errors.js'
import { now } from '../../events.js'
import { callsOfFindings } from '../../findings/index.js'
import { readFamily } from '../../proc/family.js'
import { attachTraced } from '../../run/attach-traced.js'
import type { Demo, Stage } from '../../run/stage.js'
import { thousands } from '../../text.js'
import { type Known, type Process, tracedCalls } from '../../trace/model.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'
import { requireLeader } from '../why/leader.js'
import { listed, named } from '../why/render/words.js'
import { cut, teller } from './report.js'
import { readRunning, requireTraceable, whyRefused } from './running.js'
import { createWatcher, mostAlive, type Options } from './watch.js'

interface AttachOptions extends Options {
  /** Whether strace reports every system call. */
  all: boolean
}

/** Ctrl-C ends the trace, and is no failure: it is how such a trace ends. */
export function traceRunning(asked: number, { all, ...options }: AttachOptions): Demo {
  return async (stage) => {
    requireProc('trace')
    const stat = requireLeader(stage, asked)
    requireTraceable(stat)
    const { pid } = stat
    const title = named(pid)
    const watcher = createWatcher(options, true)
    const wall = () => (performance.timeOrigin + performance.now()) * 1000
    const shift = now() - wall()
    let refuse: (error: DemoFailed) => void = () => {}
    const flooded = new Promise<never>((_, reject) => {
      refuse = reject
    })
    flooded.catch(() => {})
    let isTold = false
    // What strace writes before the process is known.
    let early: Buffer[] | undefined = []
    const path = await makePrivateFifo({ ...stage, say: () => {} }, 'trace')
    const take = (chunk: Buffer) => {
      watcher.push(chunk)
      const alive = watcher.alive()
      if (alive.length > mostAlive) refuse(tooMany(title))
      if (isTold || !watcher.root()?.end || alive.length === 0) return
      isTold = true
      const others = listed(alive.map((one) => named(one.pid)))
      stage.note(`${title} has exited. Still traced: ${others}. Ctrl-C ends the trace.`, 'next')
    }
    const tracer = await attachTraced(pid, {
      log: path,
      calls: all ? undefined : [...new Set([...tracedCalls, ...callsOfFindings])],
      onLog: (chunk) => (early ? void early.push(chunk) : take(chunk)),
    })
    let show = () => {}
    stage.scope.defer(
      () => {
        show()
        tracer.detach()
      },
      // Without a reader, strace would complain.
      () => tracer.logged,
    )
    const refusal = await Promise.race([tracer.attached, stage.stopped.then(() => undefined)])
    if (refusal !== undefined)
      throw new Unavailable(`cannot trace ${title}: ${reasonIn(refusal)}`, whyRefused(pid))
    // Since strace has attached, no call of the process is missing from its log.
    const known = readRunning(stat)
    const root = watcher.adopt(known, wall())
    const table = root ? rowsOfOpen(known, root) : []
    tellBegin(stage, pid)
    for (const chunk of early) take(chunk)
    early = undefined
    let isShown = false
    show = () => {
      if (isShown) return
      isShown = true
      const isOver = root?.end !== undefined && watcher.alive().length === 0
      const clock = (t: number) => Math.max(0, Math.round(t + shift))
      const isWrong = watcher.show(
        stage,
        clock,
        title,
        isOver ? undefined : wall(),
        isOver ? undefined : watcher.look(),
      )
      if (isWrong && options.failsOnFinding) stage.exitWith(1)
      teller(stage).table('Open when the trace began', table)
      tellEnd(stage, watcher.alive())
    }
    await Promise.race([tracer.logged, flooded, stage.stopped])
    show()
  }
}

/** `strace: attach: ptrace(PTRACE_SEIZE, 12): Operation not permitted` */
function reasonIn(text: string): string {
  const [line = ''] = text.split('\n')
  return line.replace(/^.*(?:ptrace\([^)]*\)|strace): /, '')
}

function tellBegin(stage: Stage, pid: number): void {
  const children = readFamily().children(pid)
  const rest =
    children.length === 0 ? '' : ` Not traced: ${listed(children.map(named))}, which it has started before.`
  stage.note(`Tracing ${named(pid)}, and what it starts from now on.${rest}`, 'opening', {
    pid,
    before: children,
  })
  stage.note('Ctrl-C ends the trace. The process continues.', 'next')
}

function tellEnd(stage: Stage, alive: Process[]): void {
  if (alive.length === 0) return
  const names = listed(alive.map(({ pid }) => named(pid)))
  const text = `The trace has ended. ${names} ${alive.length === 1 ? 'continues' : 'continue'}.`
  stage.say({ event: 'note', role: 'closing', text, data: { continues: alive.map(({ pid }) => pid) } })
}

function tooMany(title: string): DemoFailed {
  return new DemoFailed(`${title} and what it has started are more than ${thousands(mostAlive)} processes`, {
    hint: 'All of them continue. Look for a loop that calls fork(2).',
  })
}

/** What its descriptors referred to. */
function rowsOfOpen({ pid, command, open }: Known, { table }: Process) {
  return open.map(({ descriptor, end, closesOnExec }) => {
    const { fd } = descriptor
    const label = table.get(fd)?.thing.label ?? textOf(descriptor)
    const access = end === 'read' ? 'reading' : end === 'write' ? 'writing' : 'both'
    return {
      cells: {
        descriptor: `${fd}`,
        'refers to': cut(label, 45),
        'open for': access,
        'closes on exec': closesOnExec ? 'yes' : '-',
      },
      text: `${basename(command[0] ?? '')} (${pid}) had ${label} open as descriptor ${fd}.`,
      data: { pid, fd, object: label, access, closesOnExec: Number(closesOnExec) },
    }
  })
}

function textOf(descriptor: Known['open'][number]['descriptor']): string {
  switch (descriptor.kind) {
    case 'path':
      return descriptor.deleted ? `${descriptor.path} (deleted)` : descriptor.path
    case 'socket':
      return `${descriptor.protocol} ${descriptor.local}${descriptor.peer === undefined ? '' : ` to ${descriptor.peer}`}`
    case 'unknown':
      return descriptor.text
    default:
      return descriptor.kind
  }
}
