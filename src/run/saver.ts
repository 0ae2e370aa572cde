/**
 * The process that writes the files of `--save`: node saver.cjs (growing|whole|png|pdf PATH)...
 *
 * On a file system that does not answer, a system call never returns, and not even SIGKILL ends its process. So osdemo makes no
 * such call itself, and can exit without this process. Its descriptors:
 *
 *     1       its reports, each as a line of JSON
 *     3, ...  the content of each file, in the order of the words
 *
 * When osdemo is killed, this process writes what osdemo has passed to it, and exits. It has a session of its own, so Ctrl-C on the
 * terminal does not reach it.
 */
import { type BigIntStats, constants, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Socket } from 'node:net'
import { asOsdemoError, type OsdemoError, systemCallError } from '../errors.js'
import { type Convert, findConverter, formats } from './convert.js'
import { prepareWholeFile } from './whole-file.js'

/** What is reported about the file of this number. */
export type SaverReport =
  | { file: number; state: 'open'; identity?: FileIdentity }
  | { file: number; state: 'saved' }
  | { file: number; state: 'failed'; error: OsdemoError['fact'] }

/** Two paths with the same identity lead to one file. They are strings, because JSON has no large numbers. */
export interface FileIdentity {
  dev: string
  ino: string
}

/** The content of a file, and what to call when the file can be written. */
type Save = (path: string, content: Socket, opened: (stats?: BigIntStats) => void) => Promise<void>

const { O_WRONLY, O_CREAT, O_NONBLOCK } = constants

/** Writes a file as its content arrives. */
const saveGrowing: Save = async (path, content, opened) => {
  // It is truncated at the first event: a run that does not start keeps the earlier file. O_NONBLOCK: a FIFO must not block.
  const file = await open(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0o666)
  const stats = await file.stat({ bigint: true })
  opened(stats)
  let isEmpty = !stats.isFile()
  for await (const chunk of content) {
    if (!isEmpty) await file.truncate()
    isEmpty = true
    for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten
  }
  await file.close()
}

/** Writes a file when its content is complete. The content begins with a line that contains its length. */
const saveWhole: Save = (path, content, opened) => saveConverted(path, content, opened, async (all) => all)

async function saveConverted(
  ...[path, content, opened, convert]: [...Parameters<Save>, Convert]
): Promise<void> {
  const { write, earlier } = await prepareWholeFile(path)
  opened(earlier)
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  const all = Buffer.concat(chunks)
  const start = all.indexOf('\n') + 1
  // Otherwise osdemo was killed before it had passed everything.
  if (start > 0 && all.length - start === Number(all.toString('latin1', 0, start)))
    await write(await convert(all.subarray(start)))
}

function tell(report: SaverReport): void {
  try {
    writeSync(1, `${JSON.stringify(report)}\n`)
  } catch {
    // osdemo has exited.
  }
}

function saveAs(kind: string | undefined): Save {
  const format = formats.find((each) => each === kind)
  if (!format) return kind === 'growing' ? saveGrowing : saveWhole
  return (path, content, opened) => saveConverted(path, content, opened, findConverter(format))
}

async function save(kind: string | undefined, path: string, file: number): Promise<void> {
  const content = new Socket({ fd: 3 + file, writable: false })
  try {
    await saveAs(kind)(path, content, (stats) => {
      const identity = stats && { identity: { dev: `${stats.dev}`, ino: `${stats.ino}` } }
      tell({ file, state: 'open', ...identity })
    })
    tell({ file, state: 'saved' })
  } catch (cause) {
    content.destroy()
    const known = systemCallError(cause, `cannot save to ${path}`, 'Name another file with --save.')
    tell({ file, state: 'failed', error: asOsdemoError(known, `cannot save to ${path}`).fact })
  }
}

const words = process.argv.slice(2)
for (let at = 0; at < words.length; at += 2) void save(words[at], words[at + 1] ?? '', at / 2)
