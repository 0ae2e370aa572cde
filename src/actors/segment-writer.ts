/** Writes a text into a System V segment, as a C program would: the bytes and a NUL. */
import { attachSegment } from '../ipc/sysv-shm.js'
import { isRemoved } from '../proc/sysvipc-shm.js'
import { textOf } from './lib/meter.js'
import { runActor } from './lib/runtime.js'

export interface SegmentWriterConfig {
  id: number
  /** Bytes of the segment. */
  size: number
  /** Its key, as events name it. */
  channel: string
  text: string
}

declare module '../actor-types.js' {
  interface Actors {
    'segment-writer': { config: SegmentWriterConfig; word: 'detach'; runsAs: 'process' }
  }
}

runActor<'segment-writer'>(async ({ say, config: { id, size, channel, text }, nextWord }) => {
  const bytes = Buffer.from(`${text}\0`)
  // As much as is needed: a segment may be larger than what Node can view.
  const attached = attachSegment(id, bytes.length)
  say({ event: 'call', phase: 'end', call: 'shmat', object: `segment ${id}, ${size} bytes` })
  Buffer.from(attached.memory).set(bytes)
  say({ event: 'sent', channel, seq: 0, bytes: bytes.length, text: textOf(bytes.subarray(0, -1)) ?? '' })
  // What the kernel lists while we are attached is for the supervisor to show.
  const watch = setInterval(() => {
    if (!isRemoved(id)) return
    clearInterval(watch)
    say({
      event: 'note',
      text: `somebody has removed segment ${id}: who has it attached keeps it, nobody else finds it`,
    })
  }, 500)
  await nextWord()
  clearInterval(watch)
  attached.detach()
  say({ event: 'call', phase: 'end', call: 'shmdt', object: `segment ${id}` })
})
