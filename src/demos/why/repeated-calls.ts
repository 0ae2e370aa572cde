/** Which calls a busy loop repeats, and how they end: strace(1) watches it for a moment. */
import { attach } from './attach.js'

/** A call of which the loop makes many with the same outcome. */
export interface RepeatedCall {
  call: string
  /** The descriptor that is its first argument, and what it refers to. */
  fd?: number
  target?: string
  /** The errno that it fails with. */
  errno?: string
  /** The number that it returns, where that is always the same. */
  result?: number
  count: number
}

export interface Sample {
  /** All calls in the sample. */
  calls: number
  /** The most frequent first. */
  repeated: RepeatedCall[]
}

/** In seconds. A traced call takes longer, so this is short. */
const limit = 0.25

/** A call that is at least this part of all is one that the loop repeats. */
const part = 0.1

/** Traces one thread. Undefined where this user may not, where strace is missing, and where the thread made no call. */
export async function sampleCalls(tid: number): Promise<Sample | undefined> {
  const words = ['strace', '-qq', '-y', '-s', '0', '-p', `${tid}`]
  const sample = parseCalls((await attach({ tid, stops: false, limit, words })) ?? '')
  return sample.calls === 0 ? undefined : sample
}

/** Lines such as `read(3<pipe:[77]>, 0x7ffd, 1) = -1 EAGAIN (Resource temporarily unavailable)`. */
export function parseCalls(text: string): Sample {
  const groups = new Map<string, RepeatedCall>()
  let calls = 0
  for (const line of text.split('\n')) {
    const [all, call = '', words = '', result = ''] = /^(\w+)\((.*)\) += (.*)$/.exec(line) ?? []
    if (all === undefined) continue
    calls += 1
    const [, fd, target] = /^(\d+)<(.+?)>(?:,|$)/.exec(words) ?? []
    const errno = /^-1 (E[A-Z0-9]+)/.exec(result)?.[1]
    const number = /^\d+\b(?!x)/.exec(result)?.[0]
    const key = JSON.stringify([call, fd, errno ?? number])
    const group = groups.get(key)
    if (group) group.count += 1
    else
      groups.set(key, {
        call,
        ...(fd !== undefined && target !== undefined && { fd: Number(fd), target }),
        ...(errno !== undefined && { errno }),
        ...(number !== undefined && { result: Number(number) }),
        count: 1,
      })
  }
  const repeated = [...groups.values()].filter(({ count }) => count >= calls * part)
  return { calls, repeated: repeated.toSorted((one, other) => other.count - one.count) }
}
