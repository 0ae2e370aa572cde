/** Writes a text into a System V segment as a C program would: its bytes and a NUL. */
import { now } from '../events.js'
import { openText } from '../ipc/segment-text.js'
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
  const bytes = Buffer.from(text)
  const shared = openText(id, size, 'write')
  say({ event: 'call', phase: 'end', call: 'shmat', object: `segment ${id}, ${size} bytes` })
  // With the time before: a reader that follows may have the text before this process reports it.
  const begin = now()
  shared.write(bytes)
  // As the reader counts: without the NUL.
  say({ event: 'sent', channel, seq: 0, bytes: bytes.length, text: textOf(bytes) ?? '' }, begin)
  // It stays attached until it is told to detach, so that the supervisor can show nattch while it is.
  const watch = setInterval(() => {
    if (!isRemoved(id)) return
    clearInterval(watch)
    say({
      event: 'note',
      text: `Another process has removed segment ${id}. It stays attached here, but no other process can find it.`,
      role: 'closing',
    })
  }, 500)
  await nextWord()
  clearInterval(watch)
  shared.detach()
  say({ event: 'call', phase: 'end', call: 'shmdt', object: `segment ${id}` })
})
