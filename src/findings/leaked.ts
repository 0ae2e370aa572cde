/** A process makes one descriptor after the other in the same way, does not use the older ones again, and closes none. */
import { descriptorIn, descriptorsIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { nameOf } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createOpened, numbersIn } from './opened.js'
import { createRepeats, proofOf } from './repeats.js'

const id = 'fd/leaked'

/** So many, each out of use before the next one was made. A program may keep some on purpose. */
const fewest = 10

interface Made {
  /** How the process made it: `accept 3<TCP:[127.0.0.1:80]>`. */
  way: string
  call: Call
  wasUsed: boolean
  /** It was used after the next one had been made, or epoll(7) watches it, or another mistake has a name of its own. */
  isApart: boolean
}

/** All that a process made in one way and has not closed. */
interface Way {
  open: number
  closed: number
  newest: Made
}

const users =
  'readv,write,writev,sendto,sendmsg,sendfile,splice,connect,fcntl,flock,listen,dup,poll,ppoll,select,pselect6'

export function leaked(): Detector {
  const ways = new WeakMap<Process['table'], Map<string, Way>>()
  const repeats = createRepeats<{ one: Made; count: number; isProven: boolean }>()
  const full = new WeakSet<Process['table']>()
  const made = createOpened<Made>(({ way }, { table }) => {
    const known = ways.get(table)?.get(way)
    if (!known) return
    known.closed++
    if (--known.open === 0) ways.get(table)?.delete(way)
  })

  function make(word: string, how: string, call: Call, process: Process): void {
    const descriptor = descriptorIn(word)
    if (!descriptor) return
    const one = { way: how, call, wasUsed: false, isApart: false }
    made.add(descriptor.fd, one, process)
    const ofTable = ways.get(process.table) ?? new Map<string, Way>()
    ways.set(process.table, ofTable)
    const known = ofTable.get(how) ?? { open: 0, closed: 0, newest: one }
    ofTable.set(how, known)
    known.open++
    known.newest = one
  }

  function use(words: string[], process: Process): void {
    const ofProcess = made.of(process)
    if (ofProcess.size === 0) return
    // strace does not write all of a long list.
    if (words.some((word) => word.endsWith('...]'))) for (const one of ofProcess.values()) one.isApart = true
    for (const fd of words.flatMap(numbersIn)) {
      const one = ofProcess.get(fd)
      if (!one) continue
      one.wasUsed = true
      if (ways.get(process.table)?.get(one.way)?.newest !== one) one.isApart = true
    }
  }

  /** @param failure the call for which there was no descriptor any more */
  function look(process: Process, failure?: Call): void {
    const ofTable = ways.get(process.table)
    const ofWay = new Map<string, Made[]>()
    const hasExited = process.end?.signal === null
    for (const one of made.of(process).values()) {
      // A connection that waits in a queue of the program has not been used at all. What a running program has opened it may use yet.
      const mayBeUsed = one.way.startsWith('accept') || !(hasExited || failure)
      if (one.isApart || (mayBeUsed && !one.wasUsed)) continue
      const list = ofWay.get(one.way) ?? []
      ofWay.set(one.way, list)
      list.push(one)
    }
    for (const [way, list] of ofWay) {
      const [one, last] = [list[0], list.at(-1)]
      if (!one || !last || list.length < fewest || ofTable?.get(way)?.closed !== 0) continue
      // A program may keep its own sockets and pipes, until there is no descriptor left.
      if (!failure && !/^(?:accept|open)/.test(way)) continue
      const about = { one, count: list.length, isProven: hasExited || failure !== undefined }
      repeats.add(`${nameOf(process)} ${way}`, process, [one.call, failure ?? last.call], about)
    }
  }

  const makes = (call: Call, process: Process, way: string, words = [`${call.result}${call.more}`]) => {
    if (call.result !== undefined && call.result >= 0)
      for (const word of words) make(word, way, call, process)
    else if (call.errno === 'EMFILE' && !full.has(process.table)) {
      full.add(process.table)
      look(process, call)
    }
  }

  return {
    calls: {
      ...made.calls,
      ...forCalls('accept,accept4', (call, process) => {
        use(call.args.slice(0, 1), process)
        makes(call, process, `accept ${call.args[0]}`)
      }),
      ...forCalls('open,openat,creat', (call, process) => makes(call, process, `open ${call.more}`)),
      socket: (call, process) => makes(call, process, `socket ${call.args.join()}`),
      ...forCalls('pipe,pipe2', (call, process) => {
        makes(
          call,
          process,
          'pipe',
          descriptorsIn(call.args[0] ?? '').map(({ fd }) => `${fd}`),
        )
      }),
      ...forCalls(users, ({ args }, process) => use(args.slice(0, 3), process)),
      ...forCalls('read,recvfrom,recvmsg', (call, process) => {
        use(call.args.slice(0, 1), process)
        const one = made.of(process).get(Number.parseInt(call.args[0] ?? '', 10))
        if (one?.way.includes('<TCP') && call.result === 0) one.isApart = true
      }),
      epoll_ctl({ args }, process) {
        const one = made.of(process).get(Number.parseInt(args[2] ?? '', 10))
        if (one) one.isApart = true
      },
      ...forCalls('clone,clone3,fork,vfork', (_, process) => {
        // The child may use them all.
        for (const one of made.of(process).values()) one.wasUsed = true
      }),
    },
    exit: (process) => look(process),
    finish({ processes, blocked }) {
      for (const process of processes) {
        // Threads may be waiting for what their connections will bring.
        const isReading = blocked.some((block) => block.process === process && block.thing?.kind === 'socket')
        if (!process.end && !(process.threads > 0 && isReading)) look(process)
      }
      return repeats.all().map((repeated) => {
        const { about, calls, who } = repeated
        const [, failure] = calls
        const end =
          failure?.errno === undefined ? '' : ` Then ${failure.name}(2) failed with ${failure.errno}.`
        const text = `${who} ${deedOf(about)}.${end}`
        return { id, text, certain: about.isProven, ...proofOf(repeated) }
      })
    },
  }
}

function deedOf({ one: { call }, count }: { one: Made; count: number }): string {
  const [maker, result] = [descriptorIn(call.args[0] ?? ''), descriptorIn(`${call.result}${call.more}`)]
  if (call.name.startsWith('accept') && maker?.kind === 'socket')
    return `accepted ${count} connections at ${maker.path ?? maker.local}, and closed none of them`
  if (result?.kind === 'path')
    return `opened ${result.path} ${count} times, and closed none of these descriptors`
  return `made ${count} ${call.name === 'socket' ? 'sockets' : 'ends of pipes'}, and closed none of them`
}
