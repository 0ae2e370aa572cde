/** Does with a System V segment what the director says, one step after the other, and says what the kernel answered. */
import { type OsdemoError, SystemCallError } from '../errors.js'
import { type Attached, attachSegment, findSegment, makeSegment, removeSegment } from '../ipc/sysv-shm.js'
import { play } from './preamble.js'

export interface SegmentUserConfig {
  key: number
  /** Bytes of the segment. */
  size: number
}

/** What the director may say. The rest of `write ...` is the text. */
export type SegmentWord =
  | 'make'
  | 'attach'
  | 'read'
  | 'detach'
  | 'remove'
  | 'find'
  | 'find larger'
  | 'end'
  | `write ${string}`

play<SegmentUserConfig>(async ({ say, config: { key, size }, told }) => {
  let id = -1
  let attached: Attached | undefined
  let seq = 0
  const channel = `${key}`

  /** Makes a call and says its outcome; of a refusal, which is what is to be seen, the errno. */
  const tell = (call: string, object: string, make: () => unknown) => {
    try {
      const result = make()
      say({ event: 'call', phase: 'end', call, object, ...(typeof result === 'number' && { result }) })
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error
      const { errno } = error as OsdemoError & { errno: string }
      say({ event: 'call', phase: 'end', call, object, errno })
    }
  }
  const text = () => {
    const bytes = Buffer.from(attached!.memory)
    return bytes.toString('utf8', 0, bytes.indexOf(0))
  }
  const steps: Record<string, (words: string) => void> = {
    make: () =>
      tell('shmget', `key ${key}, ${size} bytes, IPC_CREAT`, () => {
        id = makeSegment(key, size, 0o600)!
        say({ event: 'created', kind: 'segment', id: channel })
        return id
      }),
    find: () => tell('shmget', `key ${key}`, () => (id = findSegment(key, 'read'))),
    'find larger': () =>
      tell('shmget', `key ${key}, ${2 * size} bytes`, () => findSegment(key, 'read', 2 * size)),
    attach: () =>
      tell('shmat', `segment ${id}`, () => {
        attached = attachSegment(id, size)
      }),
    write: (words) => {
      const bytes = Buffer.from(`${words}\0`)
      Buffer.from(attached!.memory).set(bytes)
      say({ event: 'sent', channel, seq: seq++, bytes: bytes.length, text: words })
    },
    read: () =>
      say({ event: 'received', channel, seq: seq++, bytes: Buffer.byteLength(text()), text: text() }),
    detach: () => tell('shmdt', `segment ${id}`, () => attached!.detach()),
    remove: () =>
      tell('shmctl', `segment ${id}, IPC_RMID`, () => {
        removeSegment(id)
        say({ event: 'removed', kind: 'segment', id: channel })
      }),
  }

  for (let word = await told(); word !== 'end'; word = await told()) {
    const [, verb, words = ''] = /^(write|find larger|\w+) ?(.*)$/.exec(word)!
    steps[verb!]!(words)
  }
})
