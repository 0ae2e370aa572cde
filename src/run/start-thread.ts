/** Starts an actor that is a thread of this process: a worker, with its own event loop and with shared memory. */
import type { Worker } from 'node:worker_threads'
import type { ActorProgram, WordOf } from '../actor-types.js'
import { DemoFailed, errorFrom, OsdemoError } from '../errors.js'
import { type Event, now } from '../events.js'
import {
  type ActorListener,
  type ActorOf,
  type ActorSpec,
  type BareActor,
  createHistory,
  type Ending,
} from './actor.js'
import { compileCacheVariable } from './compile-cache.js'
import { actorEntry } from './package.js'

/**
 * A thread that is blocked in Atomics.wait still delivers the events it posted before, and it can be terminated: V8 wakes it.
 *
 * @param onStart receives the actor when its kernel thread id is known, before any of its events
 * @param signal when it aborts before the thread exists, none is started
 * @throws OsdemoError where the thread cannot be started; the reason of the signal
 */
export async function startThread<P extends ActorProgram>(
  spec: ActorSpec<P>,
  signal: AbortSignal,
  onStart: (actor: BareActor<WordOf<P>>) => ActorOf<P>,
  { onEvent, onError }: ActorListener,
): Promise<ActorOf<P>> {
  // Loaded here and not above: most runs start no thread.
  const { Worker } = await import('node:worker_threads')
  signal.throwIfAborted()
  const { name, config, moves = [] } = spec
  const env = { ...process.env, ...compileCacheVariable() }
  const begun = now()
  const worker = orCannotStart(
    name,
    () => new Worker(actorEntry(spec.program), { workerData: { name, config }, transferList: moves, env }),
  )
  const history = createHistory(name)
  const exited = new Promise<Ending>((resolve) => {
    worker.once('exit', (code) => {
      resolve({ code, signal: null })
      history.close()
    })
  })
  return new Promise((resolve, reject) => {
    let started = false
    worker.on('error', (error) => {
      if (started) onError(failed(error, name), exited)
      else reject(cannotStart(error, name))
    })
    worker.once('exit', () => reject(new DemoFailed(`the thread ${name} exited at once`)))
    worker.on('message', (message: Event | { tid: number }) => {
      if ('event' in message) {
        history.add(message)
        if (message.event === 'error') onError(errorFrom(message), exited)
        else onEvent(message)
        return
      }
      started = true
      const actor: BareActor<WordOf<P>> = {
        name,
        id: message.tid,
        begun,
        events: history.events,
        until: history.until,
        tell: (word) => worker.postMessage(word),
        kill() {
          void worker.terminate()
          return false
        },
        exited,
      }
      resolve(onStart(actor))
    })
  })
}

/** Where the kernel refuses clone(2), the constructor throws, and where Node cannot prepare the thread, it reports an error later. */
function orCannotStart(name: string, create: () => Worker): Worker {
  try {
    return create()
  } catch (error) {
    // Node throws nothing but errors.
    throw cannotStart(error as Error, name)
  }
}

/** An error of a thread that has started, such as ERR_WORKER_OUT_OF_MEMORY. */
function failed(error: Error & { code?: string }, name: string): OsdemoError {
  return new DemoFailed(`the thread ${name} failed: ${error.message}`, { cause: error })
}

/** An error of a thread that has not started. Any other code than this one is an exception in the thread, and a bug. */
function cannotStart(error: Error & { code?: string }, name: string): Error {
  if (error.code !== 'ERR_WORKER_INIT_FAILED') return error
  const hint = 'Raise the limits of open files and threads: ulimit -n 1024, ulimit -u'
  const reason = error.message.replace(/^Worker initialization failure: /, '')
  return new OsdemoError(`cannot start the thread ${name}: ${reason}`, 1, {
    cause: error,
    hint,
    ...(reason === 'EAGAIN' && { call: 'clone', errno: reason }),
  })
}
