/** The topics to which `--only` limits a report. */
import type { ObjectKind } from '../../events.js'
import type { Kept } from '../../trace/recorder.js'

export const topics = ['process', 'pipe', 'shm', 'queue', 'semaphore', 'signal', 'socket', 'lock'] as const
export type Topic = (typeof topics)[number]

const ofKind: Record<ObjectKind, Topic> = {
  pipe: 'pipe',
  fifo: 'pipe',
  segment: 'shm',
  object: 'shm',
  buffer: 'shm',
  queue: 'queue',
  semaphore: 'semaphore',
  eventfd: 'semaphore',
  socket: 'socket',
  file: 'lock',
}

export function topicOf({ kind, thing, call = '' }: Kept): Topic {
  if (thing) return ofKind[thing.kind]
  if (kind === 'signal' || /^(?:pause|rt_sig)/.test(call)) return 'signal'
  if (call.startsWith('open')) return 'pipe'
  return call === 'flock' || call === 'fcntl' ? 'lock' : 'process'
}
