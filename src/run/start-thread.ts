/** Starts an actor that is a thread of this very process: a worker with its own event loop and shared memory. */
import type { ActorProgram } from '../actor-types.js'
import { OsdemoError } from '../errors.js'
import type { Event } from '../events.js'
import { type ActorOf, type ActorSpec, createMemory, type Ending } from './actor.js'
import { actorEntry } from './package.js'

/**
 * A thread that waits in Atomics.wait still delivers what it posted before, and can still be ended: V8 wakes it.
 *
 * @param onStart gets the actor as soon as it has told its kernel thread id, before any of its events
 */
export async function startThread<P extends ActorProgram>(
  spec: ActorSpec<P>,
  onStart: (actor: ActorOf<P>) => ActorOf<P>,
  onEvent: (event: Event) => void,
): Promise<ActorOf<P>> {
  // Loaded here: every other run would wait for it.
  const { Worker } = await import('node:worker_threads')
  const workerData = { name: spec.name, config: spec.config }
  const worker = new Worker(actorEntry(spec.program), { workerData })
  const memory = createMemory(spec.name)
  const ended = new Promise<Ending>((resolve) => {
    worker.once('exit', (code) => resolve({ code, signal: null }))
  })
  ended.then(() => setImmediate(memory.close))
  return new Promise((resolve, reject) => {
    worker.on('error', (error) => reject(cannotStart(error, spec.name)))
    ended.then(() => reject(new Error(`the thread of the ${spec.name} ended at once`)))
    worker.on('message', (message: Event | { tid: number }) => {
      if ('event' in message) {
        memory.add(message)
        onEvent(message)
        return
      }
      const actor: ActorOf<P> = {
        name: spec.name,
        id: message.tid,
        events: memory.events,
        until: memory.until,
        tell: (word) => worker.postMessage(word),
        kill: () => void worker.terminate(),
        ended,
      }
      resolve(onStart(actor))
    })
  })
}

/** What Node says of a thread that it cannot start; any other error is the thread's own, and a bug. */
function cannotStart(error: Error & { code?: string }, name: string): Error {
  if (error.code !== 'ERR_WORKER_INIT_FAILED') return error
  const hint = 'raise the limits: ulimit -n 1024 for open files, ulimit -u for threads'
  return new OsdemoError(`cannot start the thread of the ${name}: ${error.message}`, 1, {
    cause: error,
    hint,
  })
}
