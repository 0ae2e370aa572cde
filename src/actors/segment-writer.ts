/** Writes a text into a System V segment, as a C program would: the bytes and a NUL. */
import { attachSegment } from '../ipc/sysv-shm.js'
import { textOf } from './meter.js'
import { play } from './preamble.js'

export interface SegmentWriterConfig {
  id: number
  /** Bytes of the segment. */
  size: number
  /** Its key, as events name it. */
  channel: string
  text: string
}

play<SegmentWriterConfig>(async ({ say, config: { id, size, channel, text }, told }) => {
  const attached = attachSegment(id, size)
  say({ event: 'call', phase: 'end', call: 'shmat', object: `segment ${id}, ${size} bytes` })
  const bytes = Buffer.from(`${text}\0`)
  Buffer.from(attached.memory).set(bytes)
  say({ event: 'sent', channel, seq: 0, bytes: bytes.length, text: textOf(bytes.subarray(0, -1)) ?? '' })
  // What the kernel lists while we are attached is for the director to show.
  await told()
  attached.detach()
  say({ event: 'call', phase: 'end', call: 'shmdt', object: `segment ${id}` })
})
