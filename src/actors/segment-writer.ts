/** Writes a text into shared memory as a C program would: its bytes and a NUL. */
import { now } from '../events.js'
import { openText, type TextPlace } from '../ipc/segment-text.js'
import { textOf } from './lib/meter.js'
import { runActor } from './lib/runtime.js'
import { placeName, usersOf } from './lib/text-users.js'

export interface SegmentWriterConfig {
  place: TextPlace
  /** Bytes of the segment or object. */
  size: number
  /** Bytes of an object to reserve. */
  room: number
  /** Its key or name, as events name it. */
  channel: string
  text: string
}

declare module '../actor-types.js' {
  interface Actors {
    'segment-writer': { config: SegmentWriterConfig; word: 'detach'; runsAs: 'process' }
  }
}

runActor<'segment-writer'>(async ({ say, config: { place, size, room, channel, text }, nextWord }) => {
  const bytes = Buffer.from(text)
  const shared = openText(place, size, { room })
  const { name, calls } = placeName(place)
  say({ event: 'call', phase: 'end', call: calls.attach, object: `${name}, ${size} bytes` })
  // With the time before: a reader that follows may have the text before this process reports it.
  const begin = now()
  shared.write(bytes)
  // As the reader counts: without the NUL.
  say({ event: 'sent', channel, seq: 0, bytes: bytes.length, text: textOf(bytes) ?? '' }, begin)
  // It stays attached until it is told to detach, so that the supervisor can show nattch while it is.
  const users = usersOf(place)
  const watch = setInterval(() => {
    if (users.news() !== 'removed') return
    clearInterval(watch)
    say({
      event: 'note',
      text: `Another process has removed ${name}. It stays attached here, but no other process can find it.`,
      role: 'closing',
    })
  }, 500)
  await nextWord()
  clearInterval(watch)
  shared.detach()
  say({ event: 'call', phase: 'end', call: calls.detach, object: name })
})
