/** Which processes there were: who started, executed and reaped which, and which threads belong to each. */
import type { Call, Gone } from './line.js'
import type { Held, Known, Process } from './model.js'
import { unquoted } from './scan.js'

export function createProcesses() {
  const all: Process[] = []
  const threads = new Map<number, Process>()

  function begin(tid: number, t: number, parent?: Process, shared?: Map<number, Held>): Process {
    const process: Process = {
      pid: tid,
      ...(parent && { parent }),
      ...(parent?.folder !== undefined && { folder: parent.folder }),
      command: parent?.command ?? [],
      born: t,
      actions: new Map(parent?.actions),
      threads: 0,
      calls: 0,
      waits: new Map(),
      table: shared ?? new Map([...(parent?.table ?? [])].map(([fd, held]) => [fd, { ...held }])),
    }
    all.push(process)
    threads.set(tid, process)
    return process
  }

  return {
    all,
    begin,
    /** The process of a thread. */
    of: (tid: number) => threads.get(tid),

    /** A process that was there before the trace. */
    adopt({ pid, command, threads: tids, folder }: Known, t: number): Process {
      const process = begin(pid, t)
      const more = {
        command,
        threads: tids.length,
        wasRunning: true,
        ...(folder !== undefined && { folder }),
      }
      for (const tid of tids) threads.set(tid, process)
      return Object.assign(process, more)
    },

    /**
     * clone(2) and its relatives: the child has the descriptors of its parent, and may share its table.
     *
     * @returns the child, where it is a process
     */
    clone({ args, result, t }: Call, parent: Process): Process | undefined {
      if (result === undefined || result <= 0) return undefined
      const flags = args.join()
      if (flags.includes('CLONE_THREAD')) {
        if (threads.get(result) !== parent) parent.threads++
        threads.set(result, parent)
        return undefined
      }
      return begin(result, t, parent, flags.includes('CLONE_FILES') ? parent.table : undefined)
    },

    execute(call: Call, process: Process): void {
      process.command = wordsOf(call)
      process.executed = call.t
      // The functions of the old program do not exist any more.
      for (const [signal, { isIgnored }] of process.actions) if (!isIgnored) process.actions.delete(signal)
    },

    /** @returns the child that has been reaped */
    reap(call: Call, process: Process): Process | undefined {
      const isWaitid = call.name === 'waitid'
      const status = call.args[isWaitid ? 2 : 1] ?? ''
      const pid = isWaitid ? reapedByWaitid(call) : call.result
      if (!pid || pid < 0 || call.args.some((word) => word.includes('WNOWAIT'))) return undefined
      // It has stopped, or continues.
      if (/WIFSTOPPED|WIFCONTINUED|CLD_(?:STOPPED|CONTINUED|TRAPPED)/.test(status)) return undefined
      const child = all.findLast((each) => each.pid === pid)
      if (!child || child === process) return undefined
      child.reaped ??= { t: call.t + call.took, by: process }
      return child
    },

    /** rt_sigaction(2) */
    handle({ args: [signal = '', action = ''] }: Call, process: Process): void {
      const [, handler, flags = ''] = /^\{sa_handler=(\w+),.*\bsa_flags=([\w|]+)/.exec(action) ?? []
      if (handler === 'SIG_DFL') process.actions.delete(signal)
      else if (handler !== undefined)
        process.actions.set(signal, { isIgnored: handler === 'SIG_IGN', flags: flags.split('|') })
    },

    /** @returns the process that has exited with this thread */
    exit({ tid, t, code, signal }: Gone): Process | undefined {
      const process = threads.get(tid)
      threads.delete(tid)
      // The process exits with its first thread, whose number it has, at the latest with its last one.
      if (tid !== process?.pid) return undefined
      process.end = { t, code, signal }
      return process
    },

    /** The thread has a number no more. */
    forget: (tid: number) => void threads.delete(tid),
  }
}

/** A program that gives no place for the details knows the child before. */
function reapedByWaitid({ args: [, id = '', details = ''] }: Call): number {
  const [, pid] = /\bsi_pid=(\d+)/.exec(details) ?? /^(\d+)$/.exec(id) ?? /^\d+<pid:(\d+)>/.exec(id) ?? []
  return Number(pid)
}

/** The words of a command line, as far as strace has them. */
function wordsOf(call: Call): string[] {
  const list = call.args[call.name === 'execveat' ? 2 : 1] ?? ''
  const words = [...list.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([word]) => unquoted(word))
  return words.length > 0 ? words : [unquoted(call.args[0] ?? '')]
}
