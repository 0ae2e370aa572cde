/** The log of strace as it is written: a FIFO between strace and osdemo, and a shell that acts when osdemo is killed. */
import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { readCommandLine } from '../proc/cmdline.js'
import { readPids } from '../proc/pids.js'
import { isAlive } from '../proc/stat.js'

export interface TraceLog {
  /** strace has opened the FIFO, or never will: at its last close, the log is complete. */
  begun(): void
  /** Resolves when the log is complete and strace has exited. */
  logged: Promise<void>
  /** The process of strace, 0 where there is none: it has the path of the log in its command line. */
  tracer(): number
  /** Nothing will be written. */
  destroy(): void
}

/** How often osdemo looks for processes that are not dead yet. */
export const rounds = 100

/**
 * What a shell does when osdemo has been killed. It waits for end of file on descriptor 3, because only osdemo has the write end. It
 * knows strace by the path of the log, $0, which its own command line contains too.
 */
const heirOf = (act: string) => `read -r _ <&3
for round in 1 2 3 4 5 6 7 8 9; do
  for tracer in $(grep -lsF -e "$0" /proc/[0-9]*/cmdline | cut -d / -f 3); do
    [ "$tracer" = "$$" ] || ${act}
  done
done`

/**
 * @param path of a FIFO
 * @param act what to do with the process "$tracer" when osdemo has been killed
 */
export async function openTraceLog(
  path: string,
  act: string,
  onLog: (chunk: Buffer) => void,
): Promise<TraceLog> {
  const { spawn } = await import('node:child_process')
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  // A FIFO without a writer is at its end. This writer is closed when strace has opened the FIFO.
  let writer: number | undefined = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const begun = () => {
    if (writer !== undefined) closeSync(writer)
    writer = undefined
  }
  const heir = spawn('sh', ['-c', heirOf(act), path], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  })
  heir.on('error', () => {})
  heir.stdio[3]?.on('error', () => {})
  const dismissed = new Promise((resolve) => {
    heir.once('close', resolve)
  })
  const log = new Socket({ fd: reader, readable: true, writable: false })
  const tracer = () => {
    const isTracer = (pid: number) => pid !== heir.pid && (readCommandLine(pid) ?? []).includes(path)
    return readPids().find(isTracer) ?? 0
  }
  const logged = new Promise<void>((resolve) => {
    log.once('close', () => resolve())
  }).then(async () => {
    await untilGone(tracer())
    heir.kill('SIGKILL')
    await dismissed
  })
  log.on('error', () => {})
  log.on('data', (chunk) => {
    begun()
    onLog(chunk)
  })
  return {
    begun,
    logged,
    tracer,
    destroy() {
      begun()
      log.destroy()
    },
  }
}

/** strace closes its log some time before it exits. */
async function untilGone(pid: number): Promise<void> {
  for (let look = 0; look < rounds && isAlive(pid); look++)
    await new Promise((resolve) => setTimeout(resolve, 5))
}
