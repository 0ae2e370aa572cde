/** Starts an actor that is a thread of this very process: a worker with its own event loop and shared memory. */
import { Worker } from 'node:worker_threads'
import type { Event } from '../events.js'
import { type Actor, createMemory, type Ending, type Part } from './cast.js'
import { actorEntry } from './package.js'

/**
 * Resolves when the thread has told its kernel thread id. A thread that waits in Atomics.wait still delivers what it
 * posted before, and can still be ended: V8 wakes it.
 */
export async function startThread(part: Part, onEvent: (event: Event) => void): Promise<Actor> {
  const worker = new Worker(actorEntry(part.program), {
    workerData: { name: part.name, config: part.config },
  })
  const memory = createMemory(part.name)
  let failure: unknown
  const ended = new Promise<Ending>((resolve) => {
    worker.once('exit', (code) => {
      resolve({ code, signal: null })
    })
  })
  ended.then(() => setImmediate(memory.close))
  const tid = new Promise<number>((resolve, reject) => {
    worker.on('error', (error) => {
      failure = error
      reject(error)
    })
    worker.on('message', (message: Event | { tid: number }) => {
      if ('event' in message) {
        memory.add(message)
        onEvent(message)
      } else resolve(message.tid)
    })
    ended.then(() => reject(failure ?? new Error(`the thread of the ${part.name} ended at once`)))
  })
  return {
    name: part.name,
    id: await tid,
    events: memory.events,
    until: memory.until,
    tell: (word) => worker.postMessage(word),
    kill: () => void worker.terminate(),
    ended,
  }
}
