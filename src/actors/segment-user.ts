/** Uses a System V segment step by step, as the supervisor tells it, and reports what each system call returned. */
import { SystemCallError } from '../errors.js'
import { now } from '../events.js'
import {
  type Attached,
  attachSegment,
  findSegment,
  makeSegment,
  removeSegment,
  textIn,
} from '../ipc/sysv-shm.js'
import { runActor, splitWord, type Verb } from './lib/runtime.js'

export interface SegmentUserConfig {
  key: number
  /** Bytes of the segment. */
  size: number
}

/** What the supervisor may tell it. After `write ` comes the text. */
export type SegmentWord =
  | 'make'
  | 'attach'
  | 'read'
  | 'detach'
  | 'remove'
  | 'find'
  | 'find-larger'
  | 'end'
  | `write ${string}`

declare module '../actor-types.js' {
  interface Actors {
    'segment-user': { config: SegmentUserConfig; word: SegmentWord; runsAs: 'process' }
  }
}

runActor<'segment-user'>(async ({ say, config: { key, size }, nextWord }) => {
  let id = -1
  let attached: Attached | undefined
  let seq = 0
  const channel = `${key}`

  /**
   * Makes a system call and reports its result.
   *
   * @param shown the errnos that the demo shows; with another one, the actor fails
   */
  const tell = (call: string, object: string, make: () => unknown, shown: readonly string[] = []) => {
    try {
      const result = make()
      say({ event: 'call', phase: 'end', call, object, ...(typeof result === 'number' && { result }) })
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error
      say({ event: 'call', phase: 'end', call, object, errno: error.errno })
      if (!shown.includes(error.errno)) throw error
    }
  }
  const steps: Record<Exclude<Verb<SegmentWord>, 'end'>, (text: string) => void> = {
    make: () =>
      tell('shmget', `key ${key}, ${size} bytes, IPC_CREAT`, () => {
        const made = makeSegment(key, size, 0o600)
        if (made === undefined) {
          throw new SystemCallError(
            `another process has just created a segment with key ${key}: shmget: EEXIST`,
            'shmget',
            'EEXIST',
            { hint: 'Run the demo again.' },
          )
        }
        say({ event: 'created', kind: 'segment', id: channel })
        id = made
        return id
      }),
    find: () => tell('shmget', `key ${key}`, () => (id = findSegment(key, 'read')), ['ENOENT', 'EACCES']),
    'find-larger': () =>
      tell('shmget', `key ${key}, ${2 * size} bytes`, () => findSegment(key, 'read', 2 * size), [
        'EINVAL',
        'ENOENT',
      ]),
    attach: () =>
      tell('shmat', `segment ${id}`, () => {
        attached = attachSegment(id, size)
      }),
    write: (text) => {
      // The supervisor sends `attach` before `write`, `read` and `detach`. A NUL ends the text and does not count.
      const memory = Buffer.from(attached!.memory)
      const begin = now()
      memory.write(`${text}\0`)
      say({ event: 'sent', channel, seq: seq++, bytes: Buffer.byteLength(text), text }, begin)
    },
    read: () => {
      // As above.
      const text = textIn(attached!.memory)
      say({ event: 'received', channel, seq: seq++, bytes: text.length, text: text.toString() })
    },
    // As above.
    detach: () => tell('shmdt', `segment ${id}`, () => attached!.detach()),
    remove: () =>
      tell('shmctl', `segment ${id}, IPC_RMID`, () => {
        removeSegment(id)
        say({ event: 'removed', kind: 'segment', id: channel })
      }),
  }

  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    const [verb, text] = splitWord(word)
    steps[verb](text)
  }
})
