/** Real logs of strace, with the flags that osdemo uses, and an independent reading of them. */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { straceFlags } from '../../src/run/start-traced.js'
import { temporaryFolder } from './folders.js'

const works = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0

export const noStrace = !works

/** For the title of a test that needs strace. */
export const whyNoStrace = works ? '' : ' (skipped: strace does not work here)'

export function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** Traces a program in a folder of its own. @returns the path of the log */
export function traced(words: string[], cwd = temporaryFolder()): Promise<string> {
  const path = join(cwd, 'strace.log')
  return new Promise((resolve, reject) => {
    execFile(
      'strace',
      [...straceFlags, '-o', path, ...words],
      { cwd, timeout: 60_000 },
      (error, _, stderr) => {
        // strace ends as the program does: with its exit code, or by its signal.
        if (error?.killed || typeof error?.code === 'string' || !existsSync(path))
          reject(new Error(`${words[0]}: ${error?.message} ${stderr}`))
        else resolve(path)
      },
    )
  })
}

/** What one process did with one object, counted without the parser of osdemo. */
export interface Moved {
  pid: number
  object: string
  call: 'read' | 'write'
  calls: number
  bytes: number
}

/**
 * Reads and writes of pipes and FIFOs, by regular expressions over lines that were joined before. A call that was split begins
 * with one line and ends with another of the same thread.
 */
export function movesIn(path: string, objects: RegExp): Moved[] {
  const moved = new Map<string, Moved>()
  for (const [tid, text] of wholeLines(path)) {
    const found = /^(read|write)\(\d+<([^>]*)>.*\) += (\d+) <[\d.]+>$/s.exec(text)
    if (!found || !objects.test(found[2]!)) continue
    const [, call, object = '', bytes] = found
    if (Number(bytes) === 0) continue
    const key = `${tid} ${call} ${object}`
    const sum = moved.get(key) ?? {
      pid: Number(tid),
      object,
      call: call as Moved['call'],
      calls: 0,
      bytes: 0,
    }
    sum.calls++
    sum.bytes += Number(bytes)
    moved.set(key, sum)
  }
  return [...moved.values()]
}

/** How long each read of a pipe took, in microseconds. */
export function readTimesIn(path: string): number[] {
  return wholeLines(path).flatMap(([, text]) => {
    const [, time] = /^read\(\d+<pipe:.*<([\d.]+)>$/s.exec(text) ?? []
    return time === undefined ? [] : [Math.round(Number(time) * 1e6)]
  })
}

/** The thread and the text of each line. Two lines of one call are joined. */
export function wholeLines(path: string): [tid: string, text: string][] {
  const begun = new Map<string, string>()
  return readFileSync(path, 'latin1')
    .split('\n')
    .flatMap((line): [string, string][] => {
      const [, tid = '', text = ''] = /^(\d+) +\d+\.\d+ (.*)$/s.exec(line) ?? []
      if (text.endsWith('<unfinished ...>')) {
        begun.set(tid, text.replace('<unfinished ...>', ''))
        return []
      }
      return [[tid, text.replace(/^<\.\.\. \w+ resumed>/, () => begun.get(tid) ?? '')]]
    })
}

/** Threads and their processes, as the log tells: the first line of each, and the flags of clone. */
export function threadsIn(path: string): Map<number, number> {
  const owner = new Map<number, number>()
  const text = readFileSync(path, 'latin1')
  for (const [, tid, child] of text.matchAll(/^(\d+) .*CLONE_THREAD.*?\[(\d+)\]/gm))
    owner.set(Number(child), owner.get(Number(tid)) ?? Number(tid))
  for (const [, tid, child] of text.matchAll(/^(\d+) .*<\.\.\. clone3 resumed> => \{parent_tid=\[(\d+)\]/gm))
    owner.set(Number(child), owner.get(Number(tid)) ?? Number(tid))
  return owner
}
