/** The files of `--save`, which a process of its own writes (`saver.ts`): osdemo never waits for a file system. */
import type { ChildProcess } from 'node:child_process'
import type { Writable } from 'node:stream'
import { DemoFailed, errorFrom, OsdemoError } from '../errors.js'
import { debug } from '../log.js'
import { lineSplitter } from '../text.js'
import { compileCacheVariable } from './compile-cache.js'
import type { Format } from './convert.js'
import { type Output, slowness, type View } from './output.js'
import { saverEntry } from './package.js'
import type { FileIdentity, SaverReport } from './saver.js'

/**
 * `growing`: written as the run happens. The others are written when the run is over, in full or not at all: `whole` as they
 * are, the formats after their conversion from SVG.
 */
export type SaveKind = 'growing' | 'whole' | Format

/** A file of `--save`. */
export interface FileToSave {
  path: string
  view: View
  kind: SaveKind
}

export interface FileOutput extends Omit<Output, 'end'> {
  path: string
  /** The pid of the process that writes it. */
  writer: number
  /** Undefined where the file does not exist yet. */
  identity: FileIdentity | undefined
  /** Calls back when the file has taken nothing for a while. */
  onSlow(tell: () => void): void
  /** Resolves when the file is written. @throws OsdemoError where that is not possible, unless it was passed to `onFailure` */
  end(): Promise<void>
}

/** After so many milliseconds without an answer of a file system, the user learns what osdemo waits for. */
export const slowAfter = 2000

/**
 * Opens the files.
 *
 * @param onSlow is called with the paths of files whose file system does not answer
 * @throws OsdemoError where one of them cannot be written
 */
export async function openFiles(
  files: FileToSave[],
  onSlow: (paths: string[]) => void,
): Promise<FileOutput[]> {
  if (files.length === 0) return []
  // Loaded here and not above: most runs save nothing.
  const { spawn } = await import('node:child_process')
  const words = files.flatMap(({ path, kind }) => [kind, path])
  const child = spawn(process.execPath, [saverEntry(), ...words], {
    // Not the user's streams: their readers would wait for the end of this process too.
    stdio: ['ignore', 'pipe', 'pipe', ...files.map(() => 'pipe' as const)],
    // A thread for each file, so that a file that blocks does not delay the others.
    env: {
      ...process.env,
      ...compileCacheVariable(),
      NODE_EXTRA_CA_CERTS: undefined,
      UV_THREADPOOL_SIZE: `${files.length + 1}`,
    },
    detached: true,
  })
  debug({ child: child.pid, words }, 'starting the process that writes files')
  const reports = listen(child, files)
  const outputs = files.map((file, index) => {
    // Descriptor 3 and the following were passed to spawn() as pipes.
    const pipe = child.stdio[3 + index] as Writable
    return { pipe, ...file, ...reports[index]! } // There is one for each file.
  })
  const slow = new Set(outputs)
  const timer = setTimeout(() => onSlow([...slow].map(({ path }) => path)), slowAfter)
  try {
    return await Promise.all(
      outputs.map(async (output) => {
        const identity = await output.opened
        slow.delete(output)
        return createFileOutput(output, identity, child.pid ?? 0)
      }),
    )
  } catch (error) {
    // The process exits at the end of these pipes, and has then written nothing.
    for (const { pipe } of outputs) pipe?.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** What the process reports about each file. */
interface Reports {
  opened: Promise<FileIdentity | undefined>
  saved: Promise<void>
}

function listen(child: ChildProcess, files: FileToSave[]): Reports[] {
  const heard = files.map(() => {
    const opened = later<FileIdentity | undefined>()
    const saved = later<void>()
    const fail = (error: OsdemoError) => {
      opened.reject(error)
      saved.reject(error)
    }
    return { opened, saved, fail }
  })
  child.stdout?.on(
    'data',
    lineSplitter((line) => {
      // The process writes such lines only.
      const report = JSON.parse(line) as SaverReport
      const file = heard[report.file]
      if (report.state === 'open') file?.opened.resolve(report.identity)
      else if (report.state === 'saved') file?.saved.resolve()
      else file?.fail(errorFrom(report.error))
    }),
  )
  // It prints only the stack of a bug.
  child.stderr?.on('data', (chunk) => process.stderr.write(chunk))
  const failAll = (why: (path: string) => OsdemoError) => {
    for (const [index, { path }] of files.entries()) heard[index]?.fail(why(path))
  }
  child.once('error', (cause: NodeJS.ErrnoException) => {
    const hint = cause.code === 'EAGAIN' ? 'Raise the limit of processes of this user: ulimit -u' : undefined
    const details = { cause, hint, call: 'clone', errno: cause.code }
    failAll(
      (path) =>
        new OsdemoError(`cannot start the process that saves to ${path}: ${cause.message}`, 1, details),
    )
  })
  child.once('close', (code, signal) => {
    const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
    const hint = 'Run the command again.'
    failAll((path) => new DemoFailed(`cannot save to ${path}: the process that writes it ${how}`, { hint }))
  })
  return heard.map(({ opened, saved }) => ({ opened: opened.promise, saved: saved.promise }))
}

/** A promise that is settled from outside, and that need not be awaited. */
function later<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((...both) => {
    ;[resolve, reject] = both
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}

function createFileOutput(
  { path, view, kind, pipe, saved }: FileToSave & Reports & { pipe: Writable },
  identity: FileIdentity | undefined,
  writer: number,
): FileOutput {
  const isWhole = kind !== 'growing'
  let text = ''
  let hasFailed = false
  let isEnding = false
  let fail: (error: unknown) => void = () => {}
  const { hurry, onceDrained, isFull, onSlow } = slowness(pipe, slowAfter)
  // The process reports why it has closed the pipe.
  pipe.on('error', () => {})
  saved.catch((error) => {
    hasFailed = true
    hurry()
    if (!isEnding) fail(error)
  })
  return {
    path,
    writer,
    identity,
    write(event) {
      if (hasFailed) return
      const more = view.event(event)
      if (isWhole) text += more
      else if (more !== '') pipe.write(more)
    },
    get full() {
      return isFull()
    },
    onceDrained,
    hurry,
    onSlow,
    onFailure(tell) {
      fail = tell
    },
    end() {
      if (hasFailed) return Promise.resolve()
      isEnding = true
      text += view.end()
      pipe.end(isWhole ? `${Buffer.byteLength(text)}\n${text}` : text)
      return saved
    },
  }
}
