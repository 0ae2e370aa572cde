/**
 * A program allocates as much as a header announces, and next to nothing comes. Where all of it comes, the program may have checked
 * the header, so that is no finding.
 */
import { counted, size as inUnits } from '../text.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { bytesOf } from '../trace/scan.js'
import { type Detector, type Finding, forCalls } from './detector.js'

const id = 'memory/header-decides-allocation'

/** In bytes. A program may well allow smaller messages. */
const large = 64 * 1024 * 1024

/** Allocators round up, and add their own header. */
const mostRounding = 1 / 8

/** The part of the announced bytes with which the peer did what it announced. */
const enough = 1 / 100

/** A longer read is no header. All of it is in the log. */
const longestHeader = 64

/** What a process has read last, where it may be a header. */
interface Header {
  call: Call
  source: string
  /** The lengths that it may contain. */
  lengths: number[]
  /** Bytes from the same source since. */
  came: number
  allocation?: { call: Call; length: number }
}

export function headerDecidesAllocation(): Detector {
  const headers = new Map<Process, Header>()
  const findings = new Map<string, Finding>()

  function read(call: Call, process: Process): void {
    const { args, result = -1, errno } = call
    const source = args[0] ?? ''
    const header = headers.get(process)
    if (header?.source === source) {
      if (result === 0 || (result < 0 && errno !== 'EAGAIN' && errno !== 'EINTR')) {
        end(process)
        return
      }
      if (result > 0) header.came += result
      if (header.allocation) return
    }
    if (result < 4 || result > longestHeader || !/^\d+<(?:pipe|[A-Z]|\/)/.test(source)) return
    const lengths = lengthsIn(args[1] ?? '')
    if (lengths.length > 0) headers.set(process, { call, source, lengths, came: 0 })
  }

  function allocate(call: Call, process: Process, bytes: number): void {
    const header = bytes >= large ? headers.get(process) : undefined
    if (!header || header.allocation) return
    const length = header.lengths.find((each) => each <= bytes && bytes <= each * (1 + mostRounding))
    if (length !== undefined) header.allocation = { call, length }
  }

  /** Nothing more comes from there. */
  function end(process: Process): void {
    const header = headers.get(process)
    headers.delete(process)
    const { allocation, call, came } = header ?? {}
    if (!allocation || !call || came === undefined || came > allocation.length * enough) return
    const [program = ''] = process.command
    const known = findings.get(program)
    if (known) return void known.processes.push(process)
    findings.set(program, {
      id,
      text: `${named(process)} allocated ${inUnits(allocation.length)}, as a header announced. Behind the header came ${counted(came, 'byte')}.`,
      certain: true,
      processes: [process],
      calls: [call, allocation.call],
    })
  }

  return {
    calls: {
      ...forCalls('read,readv,recvfrom,recvmsg', read),
      mmap(call, process) {
        const [, bytes, protection = '', flags = ''] = call.args
        const isMemory = protection.includes('PROT_WRITE') && flags.includes('MAP_ANONYMOUS')
        if (isMemory) allocate(call, process, Number(bytes))
      },
      mremap: (call, process) => allocate(call, process, Number(call.args[2])),
      close({ args: [first] }, process) {
        if (headers.get(process)?.source === first) end(process)
      },
    },
    exit: end,
    finish: () => [...findings.values()],
  }
}

/** The numbers at the beginning of a message, as a program may read them: four bytes in either order, behind up to 8 others. */
function lengthsIn(word: string): number[] {
  const text = /"((?:[^"\\]|\\.)*)"/.exec(word)?.[1]
  const bytes = bytesOf(text ?? '')
  const lengths: number[] = []
  for (let at = 0; at <= 8 && at + 4 <= bytes.length; at++)
    lengths.push(bytes.readUInt32BE(at), bytes.readUInt32LE(at))
  return lengths.filter((length) => length >= large)
}
