import type { Say } from '../../events.js'
import { enlargePipe } from '../../ipc/pipe-room.js'

/** Makes ready for many bytes, and says so: the pipe is the other end's too. */
export function expectMany(say: Say, fd: number, object: string): void {
  const result = enlargePipe(fd)
  if (result === undefined) return
  say({ event: 'call', phase: 'end', call: 'fcntl', object: `F_SETPIPE_SZ of ${object}`, result })
}
