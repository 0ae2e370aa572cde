/** Reads the text in a System V segment: the bytes up to the first NUL. */
import { isUtf8 } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import { attachSegment, textIn } from '../ipc/sysv-shm.js'
import { isRemoved } from '../proc/sysvipc-shm.js'
import { shortText } from './lib/meter.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'

export interface SegmentReaderConfig {
  id: number
  /** Bytes of the segment. */
  size: number
  /** Its key, as events name it. */
  channel: string
  /** Print each new text, until the segment is removed. */
  follow: boolean
  /** Print each text to stdout, as a line. */
  print: boolean
}

/** Pause between two looks at the segment, in milliseconds: a write to plain memory does not wake a reader. */
const pause = 20

/** After this many looks the kernel is asked whether the segment still exists, because asking takes a system call. */
const looksPerQuestion = 25

declare module '../actor-types.js' {
  interface Actors {
    'segment-reader': { config: SegmentReaderConfig; word: never; runsAs: 'process' }
  }
}

runActor<'segment-reader'>(async ({ say, config: { id, size, channel, follow, print } }) => {
  const attached = attachSegment(id, size, true)
  say({ event: 'call', phase: 'end', call: 'shmat', object: `segment ${id}, ${size} bytes, read-only` })
  let seq = 0
  const take = async (text: Buffer) => {
    const isText = isUtf8(text)
    const short = isText && text.length <= shortText ? { text: text.toString() } : {}
    say({ event: 'received', channel, seq: seq++, bytes: text.length, ...short })
    if (!isText) say({ event: 'note', text: 'The bytes are not valid UTF-8 text.', role: 'aside' })
    if (text.length === 0)
      say({ event: 'note', text: 'The text is empty: the first byte is a NUL.', role: 'aside' })
    if (print) await writeOut(Buffer.concat([text, Buffer.from('\n')]))
  }

  let last = textIn(attached.memory)
  await take(last)
  let candidate = last
  for (let look = 1; follow; look++) {
    await sleep(pause)
    const over = look % looksPerQuestion === 0 && isRemoved(id)
    const text = textIn(attached.memory)
    // A writer may be halfway through a text, so a text counts when two looks see the same, or no more looks follow.
    if (!text.equals(last) && (over || text.equals(candidate))) {
      last = text
      await take(text)
    }
    if (over) break
    candidate = text
  }
  attached.detach()
  say({ event: 'call', phase: 'end', call: 'shmdt', object: `segment ${id}` })
  if (follow) say({ event: 'note', text: `Segment ${id} was removed.`, role: 'closing' })
})
