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
  /** Go on with each new text, until the segment is removed. */
  follow: boolean
  /** Write each text to stdout, as a line. */
  print: boolean
}

/** Pause between two looks at the segment, in milliseconds: plain memory wakes nobody. */
const pause = 20

/** Every how many looks the kernel is asked whether the segment is still there. */
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
    if (!isText) say({ event: 'note', text: 'these bytes are no UTF-8 text', role: 'aside' })
    if (text.length === 0)
      say({ event: 'note', text: 'the text is empty: the first byte is a NUL', role: 'aside' })
    if (print) await writeOut(Buffer.concat([text, Buffer.from('\n')]))
  }

  let last = textIn(attached.memory)
  await take(last)
  let candidate = last
  for (let look = 1; follow; look++) {
    await sleep(pause)
    const over = look % looksPerQuestion === 0 && isRemoved(id)
    const text = textIn(attached.memory)
    // Whoever writes may be in the middle of it: a text counts when it is the same in two looks, or the last one.
    if (!text.equals(last) && (over || text.equals(candidate))) {
      last = text
      await take(text)
    }
    if (over) break
    candidate = text
  }
  attached.detach()
  say({ event: 'call', phase: 'end', call: 'shmdt', object: `segment ${id}` })
  if (follow) say({ event: 'note', text: `segment ${id} was removed` })
})
