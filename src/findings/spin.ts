/** Loops that ask the kernel again and again, without a pause, and get the same answer: nothing. */
import { notable } from '../trace/blocking.js'
import { descriptorIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import type { Finding } from './detector.js'

/** The same call of one thread. */
export interface Spin {
  process: Process
  first: Call
  last: Call
  count: number
  /** What its descriptor stands for, or its id. */
  object: string
}

/** Fewer calls may be a retry. */
const many = 500

/** In microseconds. A program that asks more rarely may compute in between, which is right. Under strace, a call takes about 20. */
export const longestGap = 150

/** A loop may look at several things in turn. */
const mostKeys = 4

/**
 * @param look what a call is for such a loop: a text that is the same for the same call that brings nothing; null for a call that ends
 *   the loop, because something has happened or the thread has slept; undefined for any other
 * @param gapOf how soon the next call of the loop comes at the latest, in microseconds
 */
export function createSpins(look: (call: Call) => string | null | undefined, gapOf: (call: Call) => number) {
  const loops = new Map<number, Map<string, Spin>>()
  /** The first one of each process, by what they have in common. */
  const found = new Map<string, Map<Process, Spin>>()

  function see(call: Call, process: Process): void {
    const key = look(call)
    if (key === undefined) return
    if (key === null) return void loops.delete(call.tid)
    const loop = loops.get(call.tid) ?? new Map<string, Spin>()
    loops.set(call.tid, loop)
    const spin = loop.get(key)
    if (!spin || spin.process !== process) {
      if (loop.size >= mostKeys) loop.clear()
      loop.set(key, { process, first: call, last: call, count: 1, object: objectOf(call, process) })
      return
    }
    const gap = call.t - (spin.last.t + spin.last.took)
    spin.last = call
    if (gap > gapOf(call) || call.took >= notable) return
    if (++spin.count !== many) return
    const like = `${call.name} ${call.errno} ${process.command[0]}`
    const those = found.get(like) ?? new Map<Process, Spin>()
    found.set(like, those)
    if (!those.has(process)) those.set(process, spin)
  }

  return {
    see,
    exit: ({ pid }: Process) => void loops.delete(pid),
    /** @param tell what the first of several processes did */
    finish: (id: string, tell: (who: string, spin: Spin) => string): Finding[] =>
      [...found.values()].flatMap((those) => {
        const processes = [...those.keys()]
        const [spin] = those.values()
        if (!spin) return []
        const others = processes.length - 1
        const who = `${named(spin.process)}${others > 0 ? ` (and ${others} more)` : ''}`
        return [{ id, text: tell(who, spin), certain: true, processes, calls: [spin.first, spin.last] }]
      }),
  }
}

function objectOf({ args: [first = ''] }: Call, { table }: Process): string {
  const descriptor = descriptorIn(first)
  if (!descriptor) return ''
  const path = descriptor.kind === 'path' ? descriptor.path : `descriptor ${descriptor.fd}`
  return ` of ${table.get(descriptor.fd)?.thing.label ?? path}`
}

/** Whether a call that waits for descriptors or a child was told not to wait, and there was nothing. */
export function foundNothingYet({ name, args, result }: Call): boolean {
  if (result !== 0) return false
  const isNow = (time = '') => time === '0' || /^\{tv_sec=0, tv_[nu]sec=0\}/.test(time)
  switch (name) {
    case 'wait4':
    case 'waitpid':
      return args[2]?.includes('WNOHANG') ?? false
    case 'waitid':
      return (args[3]?.includes('WNOHANG') ?? false) && !/\bsi_pid=[1-9]/.test(args[2] ?? '')
    case 'poll':
    case 'ppoll':
      return isNow(args[2])
    case 'select':
    case 'pselect6':
      return isNow(args[4])
    case 'kill':
      // It only asks whether there is such a process.
      return args[1] === '0'
    default:
      return false
  }
}
