/** Size, owner, signals, tracer and namespaces of a process: /proc/PID/status, man 5 proc_pid_status. */
import { folder, readText } from './read.js'

export interface Status {
  /** The pid, also when asked about one of its threads. */
  tgid: number
  /** The process that traces it with ptrace(2); 0 where none does, or none of our pid namespace. */
  tracer: number
  /** Its ids in our pid namespace and in those within it that it is in: NSpid. Empty where the kernel does not list them. */
  namespaceIds: number[]
  /** How many threads it has. */
  threads: number
  /** Bytes of memory that it holds right now; undefined of a zombie or a kernel thread, which have none. */
  rss: number | undefined
  /** Bytes of addresses that it has mapped (VmSize); undefined of a zombie or a kernel thread, which have none. */
  mapped: number | undefined
  /** The effective user id: whose rights count. */
  euid: number
  /** The set of effective capabilities, bit by bit (man 7 capabilities). */
  capEff: bigint
  /** Sets of signals, bit by bit: bit 0 is signal 1. `signalsIn` lists them. */
  blocked: bigint
  ignored: bigint
  caught: bigint
  /** The CPUs that it may use, as the kernel writes them: `0-2,5`. Undefined where the kernel does not list them. */
  cpusAllowed: string | undefined
}

/** Reads the text of a status file. */
export function parseStatus(text: string): Status {
  // A newline in a process's name is written as \n, so no name can pose as a field.
  const fields = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), words(line)]))
  const kib = (name: string) => {
    const value = fields.get(name)?.[0]
    return value === undefined ? undefined : Number(value) * 1024
  }
  const mask = (name: string) => BigInt(`0x${fields.get(name)?.[0] ?? '0'}`)
  return {
    tgid: Number(fields.get('Tgid')?.[0]),
    tracer: Number(fields.get('TracerPid')?.[0] ?? 0),
    namespaceIds: (fields.get('NSpid') ?? []).map(Number),
    threads: Number(fields.get('Threads')?.[0]),
    rss: kib('VmRSS'),
    mapped: kib('VmSize'),
    // Real, effective, saved and file system user id.
    euid: Number(fields.get('Uid')?.[1]),
    capEff: mask('CapEff'),
    blocked: mask('SigBlk'),
    ignored: mask('SigIgn'),
    caught: mask('SigCgt'),
    cpusAllowed: fields.get('Cpus_allowed_list')?.[0],
  }
}

function words(line: string): string[] {
  return line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
}

/** What the kernel says about a process, or about one of its threads; undefined where it cannot be seen. */
export function readStatus(pid: number, tid?: number): Status | undefined {
  const text = readText(`${folder(pid, tid)}/status`)
  return text === undefined ? undefined : parseStatus(text)
}

/** A line of a status file, quoted: `PPid: 812`. Undefined where the process or the field cannot be seen. */
export function quoteStatus(pid: number, field: string): string | undefined {
  const text = readText(`${folder(pid)}/status`) ?? ''
  const value = new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(text)?.[1]
  return value === undefined ? undefined : `${field}: ${value}`
}

/** Whether a capability is in effect. @param bit its number in linux/capability.h, as 10 for CAP_NET_BIND_SERVICE */
export function hasCapability(status: Status, bit: number): boolean {
  return ((status.capEff >> BigInt(bit)) & 1n) === 1n
}

/** The numbers of the signals in a set, lowest first. */
export function signalsIn(set: bigint): number[] {
  return Array.from({ length: 64 }, (_, bit) => bit + 1).filter((signal) => (set >> BigInt(signal - 1)) & 1n)
}

/** The ids of a process, or of a thread of it, in our pid namespace and in those within it that it is in; may be empty. */
export function readNamespaceIds(pid: number, tid?: number): number[] {
  return readStatus(pid, tid)?.namespaceIds ?? []
}

/** Among processes, or threads of one, the one that has this number for process `viewer`, in the pid namespace of that one. */
export function knownAs(
  viewer: number,
  number: number,
  all: readonly number[],
  of?: number,
): number | undefined {
  const depth = readNamespaceIds(viewer).length
  return all.find((id) => {
    const ids = of === undefined ? readNamespaceIds(id) : readNamespaceIds(of, id)
    return (ids[depth - 1] ?? id) === number
  })
}
