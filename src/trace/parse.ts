/** The log of strace as a stream: chunks in, calls out. It keeps only the calls that have not returned. */
import { type Begun, type Fact, readLine, returned } from './line.js'
import { scan } from './scan.js'

/** A longer line is not read. strace shortens strings, but not lists. */
const longestLine = 1 << 20

const newline = 10

const unfinished = ' <unfinished ...>'

/** How many lines that were not understood are kept, and how much of each. */
const [mostSamples, longestSample] = [5, 200]

export interface Parser {
  push(chunk: Buffer): void
  /** The call whose line is not complete yet: strace writes the rest when it returns. */
  pending(): Begun | undefined
  /** The log is complete: a last line without a newline counts too. */
  end(): void
  /** Lines that were not understood. */
  unreadable: { count: number; samples: string[] }
}

/** A call, and without a newline between them that another thread of its process has executed a program. */
const joined = /^((\d+) +\d+\.\d+ .*)(\2 +\d+\.\d+ \+\+\+ superseded .*)$/

/** A line without its end, as that of a call that has not returned. A descriptor whose name is cut would be another one. */
const begunBy = (line: string) => `${line.replace(/\(\d+(?:<(?:[^,]*(?:[^,>]|->))?)?$/, '(')}${unfinished}`

export function createParser(onFact: (fact: Fact) => void): Parser {
  const unreadable: Parser['unreadable'] = { count: 0, samples: [] }
  const begun = new Map<number, Begun>()
  let rest = ''
  let skipping = false

  function refuse(line: string): void {
    unreadable.count++
    if (unreadable.samples.length < mostSamples) unreadable.samples.push(line.slice(0, longestSample))
  }

  function take(line: string): unknown {
    if (line === '') return undefined
    const fact = readLine(line)
    if (fact?.kind === 'resumed') {
      // strace ends, and the call continues.
      if (line.endsWith('<detached ...>')) return undefined
      const begin = begun.get(fact.tid)
      begun.delete(fact.tid)
      // The beginning may be older than the log.
      const { name, t, text } = begin?.name === fact.name ? begin : { ...fact, text: '' }
      const whole = text + fact.text
      const call = returned({ tid: fact.tid, t, name }, whole, scan(whole, 0))
      if (!call) return refuse(line)
      // Without `-T` the times of the two lines tell how long it took.
      if (call.took === 0) call.took = fact.t - t
      return onFact(call)
    }
    if (!fact) {
      const [, head = '', , end] = joined.exec(line) ?? []
      if (end === undefined) return refuse(line)
      take(end)
      // Any other call of that thread will not return.
      return / execve(?:at)?\(/.test(head) ? take(head + unfinished) : undefined
    }
    if (fact.kind === 'begun') begun.set(fact.tid, fact)
    else if (fact.kind === 'gone') begun.delete(fact.tid)
    else if (fact.kind === 'superseded') {
      const call = begun.get(fact.by)
      begun.delete(fact.by)
      // strace reports the return of execve(2) under the number that the process keeps.
      if (call) begun.set(fact.tid, call)
      else begun.delete(fact.tid)
    }
    return onFact(fact)
  }

  function pending(): Begun | undefined {
    const fact = skipping || rest === '' || readLine(rest) ? undefined : readLine(begunBy(rest))
    return fact?.kind === 'begun' ? fact : undefined
  }

  return {
    unreadable,
    pending,
    push(chunk) {
      let from = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
        // A string of its own: a part of a longer one would keep all of it in memory.
        const line = chunk.toString('latin1', from, end)
        if (!skipping) take(rest + line)
        skipping = false
        rest = ''
        from = end + 1
      }
      rest += chunk.toString('latin1', from)
      if (rest.length <= longestLine) return
      if (!skipping) refuse(rest)
      skipping = true
      rest = ''
    },
    end() {
      // Perhaps strace was killed before the call returned.
      if (!skipping) take(pending() ? begunBy(rest) : rest)
      rest = ''
    },
  }
}
