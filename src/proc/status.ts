/** Size, owner, signals, tracer and namespaces of a process: /proc/PID/status, man 5 proc_pid_status. */
import { folder, readText } from './read.js'

export interface Status {
  /** The pid, also when asked about one of its threads. */
  tgid: number
  /** The process that traces it with ptrace(2); 0 where there is none in our pid namespace. */
  tracer: number
  /** NSpid: its ids in our pid namespace and in the nested ones that it belongs to. Empty where the kernel does not list them. */
  namespaceIds: number[]
  /** NSpgid: its process group, numbered in the same namespaces. Empty where the kernel does not list it. */
  groupIds: number[]
  /** The number of its threads. */
  threads: number
  /** VmRSS: its resident memory in bytes; undefined for a zombie and a kernel thread, which have none. */
  rss: number | undefined
  /** VmSize: its mapped memory in bytes; undefined for a zombie and a kernel thread, which have none. */
  mapped: number | undefined
  /** The effective user id, by which the kernel checks permissions. */
  euid: number
  /** The effective capabilities as a set of bits: capabilities(7). */
  capEff: bigint
  /** Signals as sets of bits, where bit 0 is signal 1. `signalsIn` lists them. */
  blocked: bigint
  ignored: bigint
  caught: bigint
  /** Signals that were sent and not delivered: to the thread itself, and to its process as a whole. */
  pending: bigint
  /** The CPUs that it may use, as the kernel writes them: `0-2,5`. Undefined where the kernel does not list them. */
  cpusAllowed: string | undefined
}

/** Parses a status file. */
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
    groupIds: (fields.get('NSpgid') ?? []).map(Number),
    threads: Number(fields.get('Threads')?.[0]),
    rss: kib('VmRSS'),
    mapped: kib('VmSize'),
    // Real, effective, saved and file system user id.
    euid: Number(fields.get('Uid')?.[1]),
    capEff: mask('CapEff'),
    blocked: mask('SigBlk'),
    ignored: mask('SigIgn'),
    caught: mask('SigCgt'),
    pending: mask('SigPnd') | mask('ShdPnd'),
    cpusAllowed: fields.get('Cpus_allowed_list')?.[0],
  }
}

function words(line: string): string[] {
  return line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
}

/** The status file of a process, or of one of its threads; undefined where it cannot be read. */
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

/** The sets of signals of a process: pending for a thread, pending for the process, blocked, ignored, caught. */
export type SignalField = 'SigPnd' | 'ShdPnd' | 'SigBlk' | 'SigIgn' | 'SigCgt'

/** One set of signals, where bit 0 is signal 1. Undefined where the process cannot be seen. */
export function readSignalSet(pid: number, field: SignalField): bigint | undefined {
  const [, mask] = quoteStatus(pid, field)?.split(' ') ?? []
  return mask === undefined ? undefined : BigInt(`0x${mask}`)
}

/** Whether a capability is effective. @param bit its number in linux/capability.h, such as 10 for CAP_NET_BIND_SERVICE */
export function hasCapability(status: Status, bit: number): boolean {
  return ((status.capEff >> BigInt(bit)) & 1n) === 1n
}

/** The numbers of the signals in a set, in ascending order. */
export function signalsIn(set: bigint): number[] {
  return Array.from({ length: 64 }, (_, bit) => bit + 1).filter((signal) => (set >> BigInt(signal - 1)) & 1n)
}

/** The `namespaceIds` of a process, or of one of its threads; empty where they cannot be read. */
export function readNamespaceIds(pid: number, tid?: number): number[] {
  return readStatus(pid, tid)?.namespaceIds ?? []
}

/**
 * Finds the process or thread that has `number` as its id in the pid namespace of process `viewer`.
 *
 * @param all the ids to search, as our own pid namespace numbers them
 * @param of where `all` are threads, their process
 */
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
