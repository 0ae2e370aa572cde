/**
 * The events of a run: everything that it shows is one of them, and views know nothing else.
 *
 * The published JSON Schema (`osdemo/events.schema.json`) is made from this file at build time.
 */

/** The source and the time of an event. */
export interface Stamp {
  /** Version of the event format. */
  v: 1
  /**
   * Microseconds of CLOCK_MONOTONIC: one clock for all processes of a machine, since its boot.
   * @minimum 0
   * @maximum 9007199254740991
   */
  t: number
  /** @asType integer */
  pid: number
  /**
   * The kernel's thread id; equals pid in a main thread.
   * @asType integer
   */
  tid: number
  /**
   * The name of the process or thread that reports it: `reader`, `server`, ... The supervisor, osdemo's own process,
   * is `osdemo`.
   */
  actor: string
  /** One of many similar events. A view for people may leave it out. */
  detail?: true
}

/** The first event of every run. */
export interface RunFact {
  event: 'run'
  /** The words of the command line, without the program's name. */
  command: string[]
  /** What it shows, in words: `zombie processes`. Missing for commands that are no demo. */
  title?: string
  version: string
  /** The kernel's boot id; an empty string where there is none. Times of different boots cannot be compared. */
  boot: string
  /** Wall clock, ISO 8601. */
  wall: string
  node: string
  kernel: string
}

/** A child process or a thread started. */
export interface StartedFact {
  event: 'started'
  /**
   * Its pid or thread id.
   * @asType integer
   */
  child: number
  name: string
  kind: 'process' | 'thread'
  /**
   * The pid of its parent, where another process than the one that reports the start is the parent.
   * @asType integer
   */
  parent?: number
}

/** A child process or a thread exited. */
export interface ExitedFact {
  event: 'exited'
  /** @asType integer */
  child: number
  name: string
  kind: 'process' | 'thread'
  /** The exit code; null when a signal killed it. */
  code: number | null
  /** The signal that killed it, or null. */
  signal: string | null
}

/** A signal that a process of the run sent, or one that reached osdemo, such as SIGINT after Ctrl-C. */
export interface SignalFact {
  event: 'signal'
  /** `SIGKILL`, ... */
  signal: string
  /**
   * The pid of the sender. Missing when osdemo received the signal: Node does not tell which process sent it, or whether it
   * was the terminal.
   * @asType integer
   */
  from?: number
  /**
   * The pid of the receiver.
   * @asType integer
   */
  to: number
  /** The name of the receiver. */
  name: string
  /** It was sent to the process group of the receiver: to the receiver and its children. */
  group?: true
}

export type ObjectKind =
  | 'pipe'
  | 'fifo'
  | 'segment'
  | 'queue'
  | 'semaphore'
  | 'socket'
  | 'buffer'
  | 'eventfd'
  | 'file'
  | 'object'

/** A kernel object, or a buffer that threads share, was created. */
export interface CreatedFact {
  event: 'created'
  kind: ObjectKind
  /** Path, key, name or address pair. */
  id: string
  /** The address that a listening socket is bound to. */
  host?: string
  /**
   * The port that a listening socket is bound to.
   * @asType integer
   */
  port?: number
}

/** A kernel object was removed. */
export interface RemovedFact {
  event: 'removed'
  kind: ObjectKind
  id: string
}

/**
 * A system call, or a blocking call of the runtime, begins or ends. In between its caller is blocked. An end without
 * a beginning is a call that returned at once.
 */
export interface CallFact {
  event: 'call'
  phase: 'begin' | 'end'
  call: string
  /** What the call works on, in words. */
  object: string
  /**
   * How many bytes a read requested.
   * @asType integer
   */
  asked?: number
  /** At the end of a call that succeeded: what it returned. */
  result?: number
  /** At the end of a call that failed: the symbolic errno. */
  errno?: string
  /** Whether it must wait for another process, if the caller knows this at the beginning. */
  waits?: boolean
}

/** A message was sent to or received from a channel. */
export interface MessageFact {
  event: 'sent' | 'received'
  channel: string
  /**
   * Counts from 0 in each direction of each channel.
   * @asType integer
   */
  seq: number
  /** @asType integer */
  bytes: number
  /** What `bytes` counts besides the message itself: the 4 bytes of its header, or the newline that ends it. */
  including?: 'header' | 'newline'
  /** The message, where it is text and short. */
  text?: string
  /**
   * Its priority, in a channel with priorities.
   * @asType integer
   */
  priority?: number
  /** Its type, in a System V queue: a number, or its digits where it is larger than 2^53 - 1. */
  type?: number | string
  /** How full the channel was, if the sender or receiver looked. */
  depth?: Depth
}

/** How full a channel is. */
export interface Depth {
  /**
   * Just before the call.
   * @asType integer
   */
  before: number
  /**
   * Just after it; while it waits, where a sender has to wait.
   * @asType integer
   */
  after: number
  /**
   * How much it can hold; missing when there is no limit.
   * @asType integer
   */
  capacity?: number
  unit: 'messages' | 'bytes'
  /** What reported it: `mq_getattr`, ... */
  source: string
}

/** Stands for many messages that were not reported one by one. */
export interface TallyFact {
  event: 'tally'
  channel: string
  direction: 'sent' | 'received'
  /**
   * 0 when bytes were copied without looking for messages in them.
   * @asType integer
   */
  messages: number
  /** @asType integer */
  bytes: number
  /**
   * Messages are counted from this time on; the same clock as `t`.
   * @minimum 0
   * @maximum 9007199254740991
   */
  since: number
}

export type ProcessState = 'new' | 'ready' | 'running' | 'waiting' | 'stopped' | 'zombie' | 'gone'

/** The state of a process or thread, as the kernel reports it. */
export interface StateFact {
  event: 'state'
  /** @asType integer */
  child: number
  state: ProcessState
  /** The kernel's letter for it; an empty string when the kernel no longer lists it. */
  kernel: string
  source: string
}

/** A report of the kernel, and its source. */
export interface EvidenceFact {
  event: 'evidence'
  /** `/proc/123/wchan`, `errno`, `/proc/net/tcp`, ... */
  source: string
  value: string
  /** A short gloss; an empty string when the value explains itself. */
  about: string
  /** The value for programs, when it is a number, a list or a record. */
  data?: Data
  /** The addresses, when it is about memory. */
  region?: Region
}

type Cell = string | number | boolean | null

/** A number, a list, a record or a table. Programs read this instead of the words of a value. */
export type Data = number | Cell[] | { [name: string]: Cell | Cell[] } | { [name: string]: Cell }[]

/**
 * A number in the data of evidence: the data itself, or the field `name` of a record.
 *
 * @returns undefined where there is none
 */
export function numberIn(data: Data | undefined, name?: string): number | undefined {
  const isRecord = typeof data === 'object' && !Array.isArray(data)
  const value = name === undefined ? data : isRecord ? data[name] : undefined
  return typeof value === 'number' ? value : undefined
}

/** A range of addresses of one process. */
export interface Region {
  /** The part of the address space: `text`, `heap`, `stack`, ... */
  part: string
  /**
   * First address, in hexadecimal: `7f21e4000000`.
   * @pattern ^[0-9a-f]{1,16}$
   */
  from: string
  /**
   * The address after the last.
   * @pattern ^[0-9a-f]{1,16}$
   */
  to: string
  /**
   * Mapped bytes between the two. When several mappings were merged, there may be holes.
   * @asType integer
   */
  bytes: number
  /**
   * Bytes of it that are in memory now.
   * @asType integer
   */
  resident: number
  /** As the kernel writes them: `r-xp`. When merged mappings differ, each kind is listed once: `r--p r-xp`. */
  permissions: string
  /**
   * How many mappings, or parts of mappings, were merged.
   * @asType integer
   */
  mappings: number
  /** The direction in which it grows, if it can. */
  grows?: 'up' | 'down'
}

/** A sentence that the run proves, or refutes. */
export interface ClaimFact {
  event: 'claim'
  /**
   * Identifies what is claimed, and never changes with the wording: `fifo/reader-blocks-in-open`. Missing in
   * recordings made before claims had ids.
   * @pattern ^[a-z0-9-]+/[a-z0-9-]+$
   */
  id?: string
  text: string
  holds: boolean
  /** Its place in a table, when several claims form one. */
  row?: TableRow
}

/** A row of a table. Consecutive rows with the same table and columns belong together. */
export interface TableRow {
  table: string
  /** The cell of each column, by the column's heading. */
  cells: { [column: string]: string }
}

/** What is wrong with a program, told from its system calls. */
export interface FindingFact {
  event: 'finding'
  /**
   * Identifies the mistake, and never changes with the wording: `pipe/write-end-left-open`. `osdemo explain` has a page for each.
   * @pattern ^[a-z0-9-]+/[a-z0-9-]+$
   */
  id: string
  text: string
  /** Whether the calls prove it. Otherwise it is only likely. */
  certain: boolean
  /** The processes that it concerns. */
  pids: number[]
  /** The calls, or what else shows it. */
  evidence: { source: string; value: string }[]
}

/** The id of a claim: a topic, and what is claimed. */
export type ClaimId = `${string}/${string}`

/**
 * What a note is for: `opening` and `closing` frame a demo, `step` says what happens now, `aside` explains it or says what
 * could not be observed, `next` is a command to try.
 */
export type NoteRole = 'opening' | 'step' | 'aside' | 'closing' | 'next'

/** An explanation, or what could not be observed and why. */
export interface NoteFact {
  event: 'note'
  text: string
  /** Missing in recordings made before notes had roles. */
  role?: NoteRole
  /** Its numbers, for programs. */
  data?: Data
  /** A program to read, line by line. The text says what it is. */
  lines?: string[]
  /** Its place in a table, when several notes form one. */
  row?: TableRow
}

/** How a check of a lab ended. `error` is a fault of osdemo or of the lab, never of the program. */
export type Outcome = 'passed' | 'failed' | 'timed-out' | 'skipped' | 'error'

/** The result of a check of a lab, for a program of a student. */
export interface VerdictFact {
  event: 'verdict'
  /** Identifies the check in its lab, and never changes with the wording: `short-reads`. */
  id: string
  /** What the program must do. */
  title: string
  outcome: Outcome
  /** The points for this outcome. */
  points: number
  /** The points for `passed`. */
  max: number
  milliseconds: number
  /** What the check did, in order. */
  done: string[]
  /** What the kernel reported about the program. */
  evidence: { source: string; value: string }[]
  expected?: string
  got?: string
  /** Why it was skipped, or what went wrong in osdemo. */
  reason?: string
  /** What to look for in the program. */
  hint?: string
  /** The finding that `osdemo explain` explains. */
  finding?: string
  /** The command that repeats only this check. */
  repeat?: string
  /** The last lines that the program printed on stdout and stderr. */
  printed?: string[]
}

/** The run ends with this exit code. */
export interface ErrorFact {
  event: 'error'
  /** @asType integer */
  exit: number
  message: string
  /** What to do next. */
  hint?: string
  call?: string
  errno?: string
}

export type Fact =
  | RunFact
  | StartedFact
  | ExitedFact
  | SignalFact
  | CreatedFact
  | RemovedFact
  | CallFact
  | MessageFact
  | TallyFact
  | StateFact
  | EvidenceFact
  | ClaimFact
  | FindingFact
  | NoteFact
  | VerdictFact
  | ErrorFact

export type Event = Stamp & Fact

/** Reports a fact. `at` is its time, when that is not now. */
export type Say = (fact: Fact & Pick<Stamp, 'detail'>, at?: number) => void

/** Adds the default role to a note without a role. */
export function withRole<Spoken extends Fact>(fact: Spoken): Spoken {
  return fact.event === 'note' ? { role: 'step', ...fact } : fact
}

/** Whether a call returned end of file: read(2) or splice(2) returned 0. */
export function isEndOfFile(event: Fact): boolean {
  return event.event === 'call' && (event.call === 'read' || event.call === 'splice') && event.result === 0
}

/** Microseconds of CLOCK_MONOTONIC, the clock of every event. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
