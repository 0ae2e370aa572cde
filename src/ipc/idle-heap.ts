/** Keeps V8 from waking up a process that only waits. */

/**
 * For an actor that follows, as bin/osdemo.js does it for the supervisor: V8 does not make the heap of an idle process smaller,
 * for which it would wake all its threads dozens of times.
 */
export async function leaveIdleHeap(): Promise<void> {
  // Loaded here, because most runs do not need it.
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--gc-memory-reducer-start-delay-ms=1000000000')
}
