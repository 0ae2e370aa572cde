/**
 * Plain additions whose steps are timed, so that a lost update can be shown as it happened: two processes read the same value
 * before either of them writes its sum. Reading the clock takes longer than an addition, so these rounds measure nothing else.
 */

/** Additions per counter in a timed round, and numbers per addition. */
export const timedAdditions = 2000
const fields = 5

/** So many counters are timed, and the bytes for the numbers of all of them. */
export const timedCounters = 2
export const timedBytes = timedCounters * timedAdditions * fields * Float64Array.BYTES_PER_ELEMENT

/** A plain addition. Times are nanoseconds of CLOCK_MONOTONIC. */
export interface TimedAddition {
  /** The value that it read. It wrote this value plus 1. */
  seen: number
  /** The read was between the first two times, the write between the last two. */
  begin: number
  read: number
  added: number
  end: number
}

function clock(): number {
  return Number(process.hrtime.bigint())
}

/** The numbers of one counter, in memory that all share. @param at byte offset of those of all counters */
export function timesAt(memory: ArrayBufferLike, at: number, counter: number): Float64Array {
  const length = timedAdditions * fields
  return new Float64Array(memory, at + counter * length * Float64Array.BYTES_PER_ELEMENT, length)
}

/** Adds 1 to `cell[index]` as `countPlainly` does, as often as there is room for the times. */
export function countTimed(cell: Int32Array, index: number, times: Float64Array): void {
  for (let at = 0; at < times.length; at += fields) {
    const begin = clock()
    const seen = cell[index]! // The caller passes a cell of the array.
    const read = clock()
    const sum = seen + 1
    const added = clock()
    cell[index] = sum
    const end = clock()
    times[at] = seen
    times[at + 1] = begin
    times[at + 2] = read
    times[at + 3] = added
    times[at + 4] = end
  }
}

/**
 * Two additions of which one was lost: both read the same value, and it is certain that both had read it before either wrote.
 * Of several such pairs, the one that took the shortest time: its steps are the easiest to see.
 */
export function lostUpdate(
  one: Float64Array,
  other: Float64Array,
): [TimedAddition, TimedAddition] | undefined {
  const bySeen = new Map<number, TimedAddition[]>()
  for (const addition of additions(other)) {
    const same = bySeen.get(addition.seen)
    if (same) same.push(addition)
    else bySeen.set(addition.seen, [addition])
  }
  let shortest: [TimedAddition, TimedAddition] | undefined
  let least = Number.POSITIVE_INFINITY
  for (const first of additions(one)) {
    for (const second of bySeen.get(first.seen) ?? []) {
      if (Math.max(first.read, second.read) > Math.min(first.added, second.added)) continue
      const time = Math.max(first.end, second.end) - Math.min(first.begin, second.begin)
      if (time < least) [shortest, least] = [[first, second], time]
    }
  }
  return shortest
}

function additions(times: Float64Array): TimedAddition[] {
  return Array.from({ length: times.length / fields }, (_, index) => {
    const [seen = 0, begin = 0, read = 0, added = 0, end = 0] = times.subarray(index * fields)
    return { seen, begin, read, added, end }
  })
}
