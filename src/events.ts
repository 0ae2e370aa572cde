/**
 * The one language between actors, demos and views: everything that a run shows is one of these events.
 * The published JSON Schema (`osdemo/events.schema.json`) is made from this file at build time.
 */

/** Who says it, and when. */
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
  /** Who speaks: `reader`, `server`, ...; `osdemo` is the supervisor, our own process. */
  actor: string
  /** One of very many of its kind: a view for people may leave it out. */
  detail?: true
}

/** The first event of every run. */
export interface RunFact {
  event: 'run'
  /** What was asked for, as words of the command line without the program's name. */
  command: string[]
  version: string
  /** The kernel's boot id, or an empty string where there is none: times of different boots do not compare. */
  boot: string
  /** Wall clock, ISO 8601. */
  wall: string
  node: string
  kernel: string
}

/** A child process or a thread began. */
export interface StartedFact {
  event: 'started'
  /**
   * Its pid or thread id.
   * @asType integer
   */
  child: number
  name: string
  kind: 'process' | 'thread'
}

/** A child process or a thread ended. */
export interface ExitedFact {
  event: 'exited'
  /** @asType integer */
  child: number
  name: string
  kind: 'process' | 'thread'
  /** Exit code, or null when a signal ended it. */
  code: number | null
  /** The signal that ended it, or null. */
  signal: string | null
}

export type ObjectKind = 'fifo' | 'segment' | 'queue' | 'socket' | 'buffer' | 'file'

/** A kernel object (or a buffer that threads share) came into being. */
export interface CreatedFact {
  event: 'created'
  kind: ObjectKind
  /** Path, key, name or address pair. */
  id: string
  /** Of a listening socket: the address it is bound to. */
  host?: string
  /**
   * Of a listening socket: the port it is bound to.
   * @asType integer
   */
  port?: number
}

/** A kernel object went away. */
export interface RemovedFact {
  event: 'removed'
  kind: ObjectKind
  id: string
}

/**
 * A system call (or a blocking call of the runtime) begins or ends. Between the two its caller is held; an end without
 * a beginning is a call that returned at once.
 */
export interface CallFact {
  event: 'call'
  phase: 'begin' | 'end'
  call: string
  /** What it works on, in words. */
  object: string
  /**
   * Of a read: how many bytes it asked for.
   * @asType integer
   */
  asked?: number
  /** At the end, on success: what it returned. */
  result?: number
  /** At the end, on failure: the symbolic errno. */
  errno?: string
  /** Whether it has to wait for somebody else, where its caller could tell so when it began. */
  waits?: boolean
}

/** One message went into or came out of a channel. */
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
  /** The message, where it is text and short. */
  text?: string
  /**
   * Its priority, where the channel has such.
   * @asType integer
   */
  priority?: number
  /** How much waited in the channel, where whoever sent or received it looked. */
  depth?: Depth
}

/** How much waits in a channel. */
export interface Depth {
  /**
   * Just before the call.
   * @asType integer
   */
  before: number
  /**
   * Just after it.
   * @asType integer
   */
  after: number
  /**
   * How much fits in; missing where there is no such limit.
   * @asType integer
   */
  capacity?: number
  unit: 'messages' | 'bytes'
  /** Who says so: `mq_getattr`, ... */
  source: string
}

/** Stands for many single messages that were not reported one by one. */
export interface TallyFact {
  event: 'tally'
  channel: string
  direction: 'sent' | 'received'
  /**
   * 0 where bytes are moved without looking for messages in them.
   * @asType integer
   */
  messages: number
  /** @asType integer */
  bytes: number
  /**
   * The clock (as `t`) from which on these messages are counted.
   * @minimum 0
   * @maximum 9007199254740991
   */
  since: number
}

export type ProcessState = 'new' | 'ready' | 'running' | 'waiting' | 'stopped' | 'zombie' | 'gone'

/** The state of a process or thread, as the kernel tells it. */
export interface StateFact {
  event: 'state'
  /** @asType integer */
  child: number
  state: ProcessState
  /** The kernel's letter for it, or an empty string when it has none any more. */
  kernel: string
  source: string
}

/** Something the kernel said, and where it said it. */
export interface EvidenceFact {
  event: 'evidence'
  /** `/proc/123/wchan`, `errno`, `/proc/net/tcp`, ... */
  source: string
  value: string
  /** What it is evidence for. */
  about: string
  /** The value for programs, where it is a number, a list or a record. */
  data?: Data
  /** Where it is about memory: the addresses. */
  region?: Region
}

type Cell = string | number | boolean | null

/** A number, a list, a record or a table. Programs read it instead of the words of a value. */
export type Data = number | Cell[] | { [name: string]: Cell | Cell[] } | { [name: string]: Cell }[]

/**
 * A number of the data of evidence: the data itself, or what stands in a record under `name`.
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
  /** What it is to the program: `text`, `heap`, `stack`, ... */
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
   * Bytes between the two that are mapped. Where several mappings were put together, there may be holes.
   * @asType integer
   */
  bytes: number
  /**
   * Bytes of it that are in memory now.
   * @asType integer
   */
  resident: number
  /** As the kernel writes them: `r-xp`; of several mappings that differ, each kind once: `r--p r-xp`. */
  permissions: string
  /**
   * How many mappings, or pieces of mappings, were put together.
   * @asType integer
   */
  mappings: number
  /** Where it grows to when it grows. */
  grows?: 'up' | 'down'
}

/** What the demo shows; it could have come out false. */
export interface ClaimFact {
  event: 'claim'
  /**
   * Names what is claimed, and never changes with the wording: `fifo/reader-blocks-in-open`. Missing in recordings made
   * before claims had ids.
   * @pattern ^[a-z0-9-]+/[a-z0-9-]+$
   */
  id?: string
  text: string
  holds: boolean
  /** Where many claims make a table: its place there. */
  row?: TableRow
}

/** A row of a table. Rows that follow each other and have the same table and columns belong together. */
export interface TableRow {
  table: string
  /** What stands in each column, by its head. */
  cells: { [column: string]: string }
}

/** The id of a claim: a topic and what is claimed of it. */
export type ClaimId = `${string}/${string}`

/**
 * What a note is for: `opening` and `closing` frame a demo, `step` says what happens now, `aside` explains it or says what
 * could not be observed, `next` is a command to try.
 */
export type NoteRole = 'opening' | 'step' | 'aside' | 'closing' | 'next'

/** An explanation, or what could not be seen here and why. */
export interface NoteFact {
  event: 'note'
  text: string
  /** Missing in recordings made before notes had roles. */
  role?: NoteRole
  /** Its numbers, for programs. */
  data?: Data
  /** Where many notes make a table: its place there. */
  row?: TableRow
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
  | CreatedFact
  | RemovedFact
  | CallFact
  | MessageFact
  | TallyFact
  | StateFact
  | EvidenceFact
  | ClaimFact
  | NoteFact
  | ErrorFact

export type Event = Stamp & Fact

/** Says a fact: what actors and demos are given to speak with. `at` is its time, where that is not now. */
export type Say = (fact: Fact & Pick<Stamp, 'detail'>, at?: number) => void

/** Gives a note that has no role the usual one. */
export function withRole<Spoken extends Fact>(fact: Spoken): Spoken {
  return fact.event === 'note' ? { role: 'step', ...fact } : fact
}

/** Whether a call met the end of file: read(2) or splice(2) returned 0. */
export function isEndOfFile(event: Fact): boolean {
  return event.event === 'call' && (event.call === 'read' || event.call === 'splice') && event.result === 0
}

/** Microseconds of CLOCK_MONOTONIC, the clock of every event. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
