/** Starts an actor that is a thread of this very process: a worker with its own event loop and shared memory. */
import type { ActorProgram } from '../actor-types.js'
import { DemoFailed, errorFrom, OsdemoError } from '../errors.js'
import type { Event } from '../events.js'
import { type ActorListener, type ActorOf, type ActorSpec, createHistory, type Ending } from './actor.js'
import { compileCacheVariable } from './compile-cache.js'
import { actorEntry } from './package.js'

/**
 * A thread that waits in Atomics.wait still delivers what it posted before, and can still be ended: V8 wakes it.
 *
 * @param onStart gets the actor as soon as its kernel thread id is known, before any of its events
 * @param signal where it is aborted before the thread exists, none is started
 * @throws OsdemoError when the thread cannot be started; the reason of the signal
 */
export async function startThread<P extends ActorProgram>(
  spec: ActorSpec<P>,
  signal: AbortSignal,
  onStart: (actor: ActorOf<P>) => ActorOf<P>,
  { onEvent, onError }: ActorListener,
): Promise<ActorOf<P>> {
  // Loaded here: every other run would wait for it.
  const { Worker } = await import('node:worker_threads')
  signal.throwIfAborted()
  const { name, config } = spec
  const env = { ...process.env, ...compileCacheVariable() }
  const worker = new Worker(actorEntry(spec.program), { workerData: { name, config }, env })
  const history = createHistory(name)
  const ended = new Promise<Ending>((resolve) => {
    worker.once('exit', (code) => {
      resolve({ code, signal: null })
      history.close()
    })
  })
  return new Promise((resolve, reject) => {
    let started = false
    worker.on('error', (error) => {
      if (started) onError(failed(error, name), ended)
      else reject(cannotStart(error, name))
    })
    worker.once('exit', () => reject(new DemoFailed(`the thread of the ${name} ended at once`)))
    worker.on('message', (message: Event | { tid: number }) => {
      if ('event' in message) {
        history.add(message)
        if (message.event === 'error') onError(errorFrom(message), ended)
        else onEvent(message)
        return
      }
      started = true
      const actor: ActorOf<P> = {
        name,
        id: message.tid,
        events: history.events,
        until: history.until,
        tell: (word) => worker.postMessage(word),
        kill: () => void worker.terminate(),
        ended,
      }
      resolve(onStart(actor))
    })
  })
}

/** What Node reports of a thread that runs already, such as ERR_WORKER_OUT_OF_MEMORY. */
function failed(error: Error & { code?: string }, name: string): OsdemoError {
  return new DemoFailed(`the thread of the ${name} failed: ${error.message}`, { cause: error })
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
