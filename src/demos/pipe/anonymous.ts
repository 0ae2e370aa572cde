/**
 * An anonymous pipe between a parent and its children. A C program makes them, because Node cannot fork. It waits before each step,
 * so that osdemo can see in between which process has which end open.
 */
import { accessMode, fdFlags, openFiles } from '../../proc/fds.js'
import { isAlive } from '../../proc/stat.js'
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import { wakers } from '../../why/wait-graph.js'
import { sendSignal } from '../process/send-signal.js'
import { seeWait } from '../shared/claim-waiting.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'
import { requireProc } from '../shared/require-proc.js'
import { signalName } from '../shared/signal-name.js'

/** How long the end of a process may take, in milliseconds. */
const patience = 5000

export const pipeAnonymous: Demo = async (stage) => {
  requireProc('pipe anonymous')
  stage.note(
    'An anonymous pipe has no name: only a child can inherit its ends. ' +
      'Watch which process keeps the write end open, and what its reader waits for.',
    'opening',
  )
  const words = [await compiled('anonymous-pipe'), 'steps']
  const parent = await startLineProgram(stage, 'parent', words)
  const heard = listenTo(parent, words)
  /** Lets the parent take its next step, and waits for a line that it or a child of it prints. */
  const step = (pattern: RegExp) => {
    parent.tell('next step')
    return heard(pattern)
  }

  const [readFd, writeFd] = (await step(/^parent: pipe (\d+) (\d+)$/)).map(Number)
  if (readFd === undefined || writeFd === undefined) throw printedNothing('parent', words)
  const made = showEnds(stage, [parent], readFd, 'after pipe(2)')
  stage.claim(
    'anonymous/one-pipe-has-two-descriptors',
    `pipe(2) returns two descriptors of one pipe: ${readFd} to read, ${writeFd} to write.`,
    made.map(({ fd, access }) => `${fd} ${access}`).join() === `${readFd} O_RDONLY,${writeFd} O_WRONLY`,
  )

  const [readerPid = 0, otherPid = 0] = (await step(/^parent: reader (\d+), other (\d+)$/)).map(Number)
  const reader = { id: readerPid, name: 'reader' }
  const other = { id: otherPid, name: 'other' }
  for (const { id, name } of [reader, other])
    stage.say({ event: 'started', child: id, name, kind: 'process', parent: parent.id })
  stage.note('The parent has forked twice. It closes its read end, the reader closes its write end.')
  stage.note('The other child closes nothing: that is the classic mistake.')
  // The reader closes its write end some time after fork(2).
  await stage.poll(() => endsOf([reader], readFd).length === 1)
  const ends = showEnds(
    stage,
    [parent, reader, other],
    readFd,
    'after fork(2), and close(2) of what is not used',
  )
  stage.claim(
    'anonymous/children-inherit-both-ends',
    'A child inherits both ends from its parent: the other child has both open, and closed none.',
    ends.filter(({ pid }) => pid === other.id).length === 2,
  )
  stage.claim(
    'anonymous/each-side-closes-what-it-does-not-use',
    'Each side closes the end that it does not use: the reader the write end, the parent the read end.',
    ends
      .filter(({ pid }) => pid !== other.id)
      .map(({ process, access }) => `${process} ${access}`)
      .join() === 'parent O_WRONLY,reader O_RDONLY',
  )

  const [text] = await step(/^reader: read \d+ bytes: (.*)$/)
  stage.note(`The parent writes "${text}", and the reader reads it.`)
  await step(/^parent: closed (\d+)$/)
  stage.note('The parent closes its write end. The reader waits for end of file.')
  await seeStuck(stage, { parent, reader, other }, readFd)

  const isEarly = !isAlive(reader.id)
  sendSignal(stage, other, 'SIGTERM')
  stage.note('SIGTERM kills the other child, and the kernel closes its descriptors.')
  await heard(endOfFile)
  const gone = await stage.poll(() => !isAlive(reader.id) && !isAlive(other.id), patience)
  stage.claim(
    'anonymous/end-of-file-after-last-write-end',
    'End of file comes when the last write end is closed: only then did read(2) return 0.',
    !isEarly && gone === true,
  )
  // The reader read end of file because the other child had ended.
  for (const child of [other, reader]) await tellEnding(stage, child, heard)
  parent.tell('exit')
  await stage.poll(() => parent.ending() !== undefined, patience)
  stage.note(
    'The kernel counts open write ends. A process that forgets to close one keeps every reader waiting, ' +
      'also when the process is the reader itself.',
    'closing',
  )
  stage.note('Next: `osdemo pipe pipeline` shows how a shell builds a pipeline of such pipes.', 'next')
}

const endOfFile = /^reader: read 0 bytes: end of file$/

/** Waits for a line that matches, from whichever process, and returns its groups. */
type Heard = (pattern: RegExp) => Promise<string[]>

/** Parent and children print lines side by side, so they may come in another order. @throws DemoFailed where one does not come */
function listenTo(program: LineProgram, words: string[]): Heard {
  return async (pattern) => {
    const line = await program.next(pattern)
    if (line === undefined) throw printedNothing(program.name, words)
    return pattern.exec(line)?.slice(1) ?? []
  }
}

interface Party {
  id: number
  name: string
}

/** A descriptor of the pipe. */
type End = { process: string; pid: number; fd: number; access: string; target: string }

/** The descriptors of the pipe that the parent has or had as `fd`, of these processes. */
function endsOf(parties: Party[], fd: number): End[] {
  return parties.flatMap(({ id, name }) => {
    const files = openFiles(id)
    const ino = files.find((file) => file.fd === fd || file.fd === fd + 1)?.ino
    return files.flatMap((file) => {
      const access = file.ino === ino && accessMode(fdFlags(id, file.fd)?.flags ?? Number.NaN)
      return ino !== undefined && access
        ? [{ process: name, pid: id, fd: file.fd, access, target: file.target }]
        : []
    })
  })
}

/** Shows which ends each process has open. */
function showEnds(stage: Stage, parties: Party[], fd: number, moment: string): End[] {
  return parties.flatMap((party) => {
    const ends = endsOf([party], fd)
    const words = ends.map((end) => `${end.fd} -> ${end.target} ${end.access}`).join(', ')
    const about = `${party.name}, ${moment}`
    const data = ends.map((end) => ({ moment, ...end }))
    stage.evidence(`/proc/${party.id}/fd`, words || 'no end of the pipe', about, { data })
    return ends
  })
}

/** The reader is blocked, because the other child has the write end open. */
async function seeStuck(
  stage: Stage,
  { parent, reader, other }: Record<'parent' | 'reader' | 'other', Party>,
  readFd: number,
): Promise<void> {
  await seeWait(stage, {
    pid: reader.id,
    calls: ['read'],
    hasReturned: () => !isAlive(reader.id),
    id: 'anonymous/open-write-end-prevents-end-of-file',
    claim: 'As long as one write end is open, there is no end of file: the reader is blocked in read(2).',
  })
  const holders = showEnds(
    stage,
    [parent, reader, other],
    readFd,
    'after the parent has closed its end',
  ).filter(({ access }) => access === 'O_WRONLY')
  const named = [...new Set(wakers(accountOf(createWorld(), reader.id, true)))]
  stage.claim(
    'anonymous/why-names-the-holder',
    `\`osdemo why ${reader.id}\` names the process that has the write end open: the other child (${other.id}).`,
    named.join() === `${other.id}` && holders.every(({ pid }) => pid === other.id),
  )
}

/** Reports how a child ended, as wait(2) of the parent returned it. */
async function tellEnding(stage: Stage, { id, name }: Party, heard: Heard): Promise<void> {
  const [number, code] = await heard(
    new RegExp(`^parent: ${id} (?:was killed by signal (\\d+)|exited with code (\\d+))$`),
  )
  const how =
    code === undefined
      ? { code: null, signal: signalName(Number(number)) }
      : { code: Number(code), signal: null }
  stage.say({ event: 'exited', child: id, name, kind: 'process', ...how })
}
