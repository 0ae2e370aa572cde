/**
 * Two processes write the same text, because the buffer of stdout was not empty at fork(2).
 *
 * No system call shows a printf(3). But the C library calls fstat(2) of descriptor 1 when a program prints for the first time. From
 * then on until the first write(2) the buffer is not empty, and a child that does not call fstat(2) itself has a copy of it.
 * Interpreters look at all their descriptors when they start, with nothing printed, so nothing is known about their buffers.
 */
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { unquoted } from '../trace/scan.js'
import { type Detector, type Finding, forCalls } from './detector.js'

const id = 'io/stdio-buffer-duplicated-by-fork'

/** Further buffers are not followed, and the writes of further processes not compared. */
const [mostBuffers, mostCopies] = [1000, 100]

interface Copy {
  process: Process
  call: Call
  text: string
}

interface Buffer {
  isShared: boolean
  /** The first write of each process that has a copy. */
  copies: Copy[]
}

export function stdioBufferDuplicatedByFork(): Detector {
  /** By process, where the buffer is not empty, or may not be. */
  const buffers = new Map<Process, Buffer>()
  /** By the pid of a child that has not been seen. */
  const inherited = new Map<number, Buffer>()
  const seen = new WeakSet<Process>()
  const interpreters = new WeakSet<Process>()
  const shared: Buffer[] = []

  function bufferOf(process: Process): Buffer | undefined {
    const { parent } = process
    if (!seen.has(process) && parent) {
      // The log may have the first calls of a child before the return of fork(2).
      const buffer = inherited.get(process.pid) ?? buffers.get(parent)
      if (buffer) buffers.set(process, buffer)
      if (interpreters.has(parent)) interpreters.add(process)
    }
    inherited.delete(process.pid)
    seen.add(process)
    return buffers.get(process)
  }

  const renew = (process: Process) => void buffers.set(process, { isShared: false, copies: [] })

  function look({ args: [first = '', path], name }: Call, process: Process): void {
    if (name === 'newfstatat' && path !== '""') return
    bufferOf(process)
    if (first.startsWith('2<')) interpreters.add(process)
    if (first.startsWith('1<')) renew(process)
  }

  function fork({ args, result = -1 }: Call, process: Process): void {
    const buffer = result > 0 && !/CLONE_(?:VM|THREAD)/.test(args.join()) ? bufferOf(process) : undefined
    if (!buffer || shared.length >= mostBuffers || interpreters.has(process)) return
    inherited.set(result, buffer)
    if (buffer.isShared) return
    shared.push(buffer)
    buffer.isShared = true
  }

  function write(call: Call, process: Process): void {
    const { args, result = -1 } = call
    if (!args[0]?.startsWith('1<')) return
    const buffer = bufferOf(process)
    buffers.delete(process)
    if (result > 0 && buffer?.isShared && buffer.copies.length < mostCopies)
      buffer.copies.push({ process, call, text: unquoted(args[1] ?? '') })
  }

  function forget(process: Process): void {
    buffers.delete(process)
    inherited.delete(process.pid)
    seen.add(process)
    interpreters.delete(process)
  }

  return {
    calls: {
      ...forCalls('fstat,newfstatat', look),
      ...forCalls('clone,clone3,fork', fork),
      write,
      ...forCalls('execve,execveat', ({ result }, process) => {
        if (result === 0) forget(process)
      }),
    },
    exit: forget,
    finish: () =>
      shared.flatMap(({ copies }): Finding[] => {
        if (!isCommon(copies)) return []
        const processes = copies.map(({ process }) => process)
        const [first, second] = processes.map(named)
        return [
          {
            id,
            text: `${first} and ${second} wrote the same text. It was in the buffer of stdout at fork(2).`,
            certain: true,
            processes,
            calls: copies.slice(0, 4).map(({ call }) => call),
          },
        ]
      }),
  }
}

/** Whether all begin with the same lines. */
function isCommon([first, ...others]: Copy[]): boolean {
  const common = others.reduce((text, copy) => sameStart(text, copy.text), first?.text ?? '')
  return others.length > 0 && common !== ''
}

/** The lines with which both begin. */
function sameStart(one: string, other: string): string {
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  const isWhole = at === one.length || at === other.length
  return one.slice(0, isWhole ? at : one.lastIndexOf('\n', at - 1) + 1)
}
