/** Lets strace(1) trace a process that already runs. Whatever happens to osdemo, that process continues. */
import { systemCallError } from '../errors.js'
import { straceFlags, straceProgram } from './start-traced.js'
import { openTraceLog } from './trace-log.js'

export interface AttachedTracer {
  /** Resolves when all threads of the process are traced, with undefined, or else with what strace says. */
  attached: Promise<string | undefined>
  /** Resolves when the log is complete: the processes have exited, or strace has detached from them. */
  logged: Promise<void>
  /** strace detaches from every process, and they continue. */
  detach(): void
}

export interface AttachOptions {
  /** The path of a FIFO, into which strace writes its log. */
  log: string
  /** The calls that strace reports; undefined for all. */
  calls: readonly string[] | undefined
  onLog(chunk: Buffer): void
}

/** At SIGTERM, strace detaches from every process and exits. After SIGKILL, the kernel detaches from them. */
const endTracer = 'kill -s TERM "$tracer"'

/** @throws Unavailable where there is no strace */
export async function attachTraced(
  pid: number,
  { log: path, calls, onLog }: AttachOptions,
): Promise<AttachedTracer> {
  const strace = straceProgram()
  const { spawn } = await import('node:child_process')
  const log = await openTraceLog(path, endTracer, onLog)
  const filter = calls ? ['-e', `trace=${calls.map((name) => `?${name}`).join()}`] : []
  const words = [...straceFlags, ...filter, '-o', path, '-p', `${pid}`]
  // A process group of its own: no Ctrl-C of the terminal reaches it.
  const child = spawn(strace, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: { ...process.env, LC_ALL: 'C' },
  })
  const attached = new Promise<string | undefined>((resolve, reject) => {
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => {
      // It names each process to which it attaches later, too.
      if (text.length < 4096) text += chunk.toString()
      if (text.includes(' attached')) resolve(undefined)
    })
    child.once('error', (error) => reject(systemCallError(error, `cannot execute ${strace}`)))
    child.once('close', () => {
      log.begun()
      resolve(text.trim() || 'strace ended')
    })
  })
  attached.catch(() => log.destroy())
  return { attached, logged: log.logged, detach: () => void child.kill('SIGTERM') }
}
