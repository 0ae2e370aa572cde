/** Both ends of a FIFO must be on one machine: the bytes are in the memory of a kernel, and the file is only a name for them. */
import { type Stats, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { FifoWriterConfig } from '../../actors/fifo-writer.js'
import { now } from '../../events.js'
import { readNamespace } from '../../proc/links.js'
import { removeFromFolder } from '../../run/ledger.js'
import type { Demo, Stage } from '../../run/stage.js'
import type { RunningProgram } from '../../run/start-program.js'
import { thousands } from '../../text.js'
import { blockedThread, isBlockedIn, showWait } from '../shared/claim-waiting.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { inNamespaces } from '../shared/namespaces.js'
import { requireProc } from '../shared/require-proc.js'
import { toldNumber } from '../shared/told-number.js'

const message = 'hello'

/** Milliseconds for which neither side may get further. */
const quiet = 50

/** Reads a line of the FIFO $1. */
const readLine = 'exec head -n 1 "$1"'

/** Reads a line of the same file through an overlay of its folder $1, once it has printed the inode that it sees there. */
const readThroughOverlay =
  'mount -t tmpfs none /mnt && mkdir /mnt/empty /mnt/view && ' +
  'mount -t overlay -o "lowerdir=$1:/mnt/empty" none /mnt/view && ' +
  'stat -c "inode %i of device %d" "/mnt/view/$2" && exec head -n 1 "/mnt/view/$2"'

export const pipeOneMachine: Demo = async (stage) => {
  requireProc('pipe one-machine')
  stage.note(
    'A FIFO is a name for a pipe in the memory of the kernel. ' +
      'Watch which processes meet there, and which do not.',
    'opening',
  )
  const path = await makePrivateFifo(stage, 'fifo')
  await showMemory(stage, path)
  await acrossNamespaces(stage, path)
  await throughOverlay(stage, path)
  stage.note(
    'Not observed: two machines. Each has a kernel, and so a pipe of its own for the same file.',
    'aside',
  )
  stage.note(
    'A FIFO connects processes of one kernel, also those in other namespaces. ' +
      'Processes on two machines need a socket.',
    'closing',
  )
  stage.note('Next: `osdemo tcp-echo demo` shows a connection that can also leave the machine.', 'next')
}

/** Fills the pipe, and looks at the file and at a copy of it. */
async function showMemory(stage: Stage, path: string): Promise<void> {
  stage.note('A process fills the pipe.')
  const held = await bytesIn(stage, path, 'fill 4096')
  stage.note('The pipe is full. What does the file contain, and what does a copy that cp(1) makes contain?')
  const { size, blocks, ino } = showFile(stage, path, 'the file of the FIFO')
  stage.claim(
    'fifo/bytes-are-not-in-the-file',
    `A pipe is in kernel memory: it holds ${thousands(held.bytes)} bytes, and its file 0 bytes in 0 blocks.`,
    held.bytes > 0 && size === 0 && blocks === 0,
  )
  const copy = `${path}-copy`
  stage.scope.defer(() => removeFromFolder(copy))
  await (await stage.startProgram('cp', ['cp', '-a', '--', path, copy])).ended
  if (!statSync(copy, { throwIfNoEntry: false })?.isFIFO()) {
    stage.note('Not observed: a copy of the FIFO. This cp(1) made none.', 'aside')
    return void (await held.end())
  }
  const inCopy = await bytesIn(stage, copy, 'count')
  const copied = showFile(stage, copy, 'its copy')
  stage.claim(
    'fifo/copy-is-another-pipe',
    `A copy of a FIFO is another pipe: its inode is ${copied.ino}, and it holds ${inCopy.bytes} bytes.`,
    copied.ino !== ino && inCopy.bytes === 0,
  )
  await inCopy.end()
  await held.end()
}

function showFile(stage: Stage, path: string, about: string): Stats {
  const stats = statSync(path)
  const { size, blocks, ino } = stats
  stage.evidence(`stat ${path}`, `Size: ${size}, Blocks: ${blocks}, Inode: ${ino}`, about, {
    data: { size, blocks, ino },
  })
  return stats
}

/** Has a process open both ends of a FIFO, and asks the kernel how many bytes the pipe holds then. */
async function bytesIn(stage: Stage, path: string, word: 'count' | 'fill 4096') {
  const name = word === 'count' ? 'filler 2' : 'filler'
  const filler = await stage.start({ program: 'pipe-filler', name, config: { path } })
  const since = now()
  filler.tell(word)
  const bytes = await toldNumber(filler, { source: 'ioctl FIONREAD', since })
  const end = () => {
    filler.tell('end')
    return filler.ended
  }
  return { bytes, end }
}

/** One kernel: a reader with another network and other mounts. */
async function acrossNamespaces(stage: Stage, path: string): Promise<void> {
  stage.note('A reader starts with a network and mounts of its own, as in a container.')
  const lines: string[] = []
  const words = [...inNamespaces, '--mount', '--net', 'sh', '-c', readLine, 'sh', path]
  const reader = await stage.startProgram('reader', words, (line) => lines.push(line))
  if (!(await isWaiting(stage, reader, () => true)))
    return notObserved(stage, 'a reader in other namespaces', lines)
  const links = (['net', 'mnt'] as const).map((kind) => {
    const [ours = '', theirs = ''] = [process.pid, reader.id].map((pid) => readNamespace(pid, kind))
    stage.evidence(`/proc/${reader.id}/ns/${kind}`, theirs, `the writer has ${ours}`, {
      data: { ours, theirs },
    })
    return { ours, theirs }
  })
  const writer = await startWriter(stage, path)
  await stage.poll(() => lines.length > 0)
  stage.claim(
    'fifo/connects-across-namespaces',
    'Namespaces share one kernel: the reader in another network got the message.',
    lines[0] === message && links.every(({ ours, theirs }) => ours !== theirs),
  )
  // Where the message did not arrive, both may wait for other processes.
  if (lines[0] !== message) reader.kill()
  if (lines[0] !== message) writer.kill()
  await Promise.all([reader.ended, writer.exited])
}

/** Two inodes in memory for one file: what two machines have. */
async function throughOverlay(stage: Stage, path: string): Promise<void> {
  stage.note('Another reader opens the same file through an overlay mount of its folder.')
  const lines: string[] = []
  const words = [
    ...inNamespaces,
    '--mount',
    'sh',
    '-c',
    readThroughOverlay,
    'sh',
    dirname(path),
    basename(path),
  ]
  const reader = await stage.startProgram('reader', words, (line) => lines.push(line))
  const isThere = await isWaiting(stage, reader, () => lines.length > 0)
  if (!isThere) return notObserved(stage, 'the same file through another mount', lines)
  const { ino, dev } = statSync(path)
  stage.evidence('stat in the overlay', lines[0] ?? '', `the writer sees inode ${ino} of device ${dev}`, {
    data: { ino, dev },
  })
  const writer = await startWriter(stage, path)
  const waits = () =>
    [reader, writer].flatMap(({ id }) => {
      const thread = blockedThread(id, 'openat')
      return thread ? [{ id, thread }] : []
    })
  await stage.poll(() => waits().length === 2 || lines.length > 1)
  await stage.pause(quiet)
  const blocked = waits()
  for (const { id, thread } of blocked) showWait(stage, id, thread)
  stage.claim(
    'fifo/second-inode-is-another-pipe',
    'A pipe belongs to an inode in memory: through the other mount, both sides still wait in open(2).',
    blocked.length === 2 && lines.length === 1,
  )
  reader.kill()
  writer.kill()
  await Promise.all([reader.ended, writer.exited])
}

/** Whether a program is ready and waits in open(2) for the other end. False when it has exited, or the kernel does not show it. */
async function isWaiting(
  stage: Stage,
  { id, ended }: RunningProgram,
  isReady: () => boolean,
): Promise<boolean> {
  let over = false
  void ended.then(
    () => {
      over = true
    },
    () => {},
  )
  const seen = await stage.poll(() => over || (isReady() && isBlockedIn(id, 'openat')))
  return seen !== undefined && !over
}

function startWriter(stage: Stage, path: string) {
  const options = { path, label: 'the FIFO', ours: true, hold: false }
  const config: FifoWriterConfig = { ...options, messages: [message], rounds: 1, intervalMs: 0 }
  return stage.start({ program: 'fifo-writer', name: 'writer', config })
}

function notObserved(stage: Stage, what: string, lines: string[]): void {
  const reason = lines.at(-1) ?? 'the kernel does not show that the reader waits'
  stage.note(`Not observed: ${what}. The reason: ${reason}.`, 'aside')
}
