/**
 * Which of stack, heap and shared memory do parent and child share after fork(2)? A C program forks, for Node cannot; it
 * waits at each step, and we look at the memory of both.
 */
import { DemoFailed } from '../errors.js'
import { fdFlags } from '../proc/fds.js'
import { readNumbers } from '../proc/read.js'
import { readSmaps } from '../proc/smaps.js'
import { readStat } from '../proc/stat.js'
import { compiled } from '../run/compile.js'
import { recordSegment } from '../run/ledger.js'
import type { Demo, Stage } from '../run/stage.js'
import { type Picture, pictureReader, type Variable } from './fork-picture.js'
import { kib } from './memory.js'
import { requireProc } from './require-proc.js'

/** Bytes of a variable whose pages are its own for certain: all but the first and the last, which others may share. */
const whole = 15 * 4096

/** Bytes of it that only the write copies: one page may be copied already, as that of the running function on the stack. */
const some = whole - 4096

const shared = ['MAP_SHARED', 'System V']

export const processFork: Demo = async (stage) => {
  requireProc('process fork')
  const path = await compiled('fork-shares')
  const { parent, next } = await startParent(stage, path)

  parent.tell('begin')
  const before = await next()
  stage.note(
    `The parent has set each of its variables to 1: ${before.variables.map(({ name }) => name).join(', ')}.`,
  )
  parent.tell('fork')
  const child = await stage.poll(() => waitingChildOf(parent.id))
  if (child === undefined)
    throw new DemoFailed('no child of the parent has been seen', { hint: 'run it again' })
  stage.say({ event: 'started', child, name: 'child', kind: 'process' })
  const stat = readStat(child)
  stage.evidence(`/proc/${child}/stat`, `ppid ${stat?.ppid}`, 'the parent of the child')
  const untouched = readPages(child, before.variables)

  parent.tell('look')
  const first = await next()
  stage.claim(
    'each variable has the same address in the child as in the parent',
    before.variables.every(({ address }, at) => first.variables[at]?.address === address),
  )
  stage.claim(
    'the child finds in each what the parent had put there: 1',
    first.variables.every(({ value }) => value === 1),
  )

  parent.tell('write')
  const second = await next()
  stage.note(
    'The child has written 2 into each variable, and read 5 bytes of the file that the parent had opened.',
  )
  const written = readPages(child, before.variables)
  showCopies(stage, child, before.variables, untouched, written)
  showOffsets(stage, [parent.id, child], second.fd)

  parent.tell('end of the child')
  const after = await next()
  stage.say({ event: 'exited', child, name: 'child', kind: 'process', code: 0, signal: null })
  for (const [at, { name, address }] of before.variables.entries()) {
    const values = [before, second, after].map(({ variables }) => variables[at]!.value)
    const [one, two, three] = values as [number, number, number]
    stage.evidence(
      `memory at ${address.toString(16)}`,
      `parent ${one}, child ${two}, parent afterwards ${three}`,
      name,
    )
  }
  const values = (names: (name: string) => boolean) =>
    after.variables.filter(({ name }) => names(name)).map(({ value }) => value)
  stage.claim(
    'not shared: stack, heap, data and private mapping, where the parent still has its 1',
    values((name) => !shared.includes(name)).every((value) => value === 1),
  )
  stage.claim(
    'shared: the shared mapping and the System V segment, where the parent finds the 2 of the child',
    values((name) => shared.includes(name)).every((value) => value === 2),
  )
  stage.claim(
    'shared: the open file and its offset, which has moved for the parent although it has read nothing',
    before.offset === 0 && after.offset === 5,
  )
  parent.tell('end')
  await parent.ended
  showWhyNotNode(stage)
}

/** Starts the program, and gives its pictures one by one. */
async function startParent(stage: Stage, path: string) {
  const pictures: Picture[] = []
  const reader = pictureReader((picture) => pictures.push(picture))
  const parent = await stage.startProgram('parent', [path, 'steps'], reader)
  // It makes a segment without a key, and removes it at once; only if it is killed between the two is there something to do.
  const page = recordSegment(0, parent.id)
  stage.scope.defer(() => void page.release())
  let over = false
  parent.ended.then(() => {
    // What it has said may come a moment later.
    setTimeout(() => (over = true), 500)
  })
  let seen = 0
  const next = async () => {
    await stage.poll(() => pictures.length > seen || over, 10_000)
    const picture = pictures[seen++]
    if (picture) return picture
    throw new DemoFailed(`the program that forks has ended, or says nothing (${path})`, {
      hint: 'what it said on stderr tells why; try it alone: that path, without arguments',
    })
  }
  return { parent, next }
}

/** Its child, once that waits for its next step. */
function waitingChildOf(parent: number): number | undefined {
  return readNumbers('/proc').find((pid) => {
    const stat = readStat(pid)
    return stat?.ppid === parent && stat.state === 'S'
  })
}

/** What the kernel counts of the mapping that a variable lies in, in bytes. */
interface Pages {
  /** Those that only this process has. */
  own: number
  /** Those that another process has too. */
  common: number
}

function readPages(pid: number, variables: Variable[]): Pages[] {
  const mappings = readSmaps(pid) ?? []
  return variables.map(({ address }) => {
    const mapping = mappings.find(({ from, to }) => from <= address && address < to)
    const sum = (kind: string) =>
      mapping ? mapping.bytes(`${kind}_Clean`) + mapping.bytes(`${kind}_Dirty`) : 0
    return { own: sum('Private'), common: sum('Shared') }
  })
}

/** Copy on write: pages that both had become pages of the child alone, when it writes. */
function showCopies(
  stage: Stage,
  child: number,
  variables: Variable[],
  before: Pages[],
  after: Pages[],
): void {
  const rows = variables.map(({ name }, at) => ({ name, before: before[at]!, after: after[at]! }))
  for (const { name, before, after } of rows) {
    const say = ({ own, common }: Pages) => `own ${kib(own)}, common ${kib(common)}`
    stage.evidence(
      `/proc/${child}/smaps`,
      `${say(before)}; then ${say(after)}`,
      `${name} of the child, before and after it wrote`,
    )
  }
  const copied = rows.filter(({ name }) => !shared.includes(name))
  const kept = rows.filter(({ name }) => shared.includes(name))
  // Pages that the kernel has put into swap are counted nowhere.
  const swapped = rows.some(({ after }) => after.own + after.common < whole)
  if (swapped || copied.some(({ before }) => before.own + before.common < whole)) {
    stage.note(
      'cannot be seen here, since not all of it is in memory: that the kernel copies what is written to',
    )
    return
  }
  stage.claim(
    'copy on write: pages that both had in common are copied for the child when it writes',
    copied.every(
      ({ before, after }) => after.own >= before.own + some && after.common <= before.common - some,
    ),
  )
  stage.claim(
    'shared memory is not copied: after the child wrote, all of its pages are common',
    kept.every(({ after }) => after.own === 0 && after.common >= whole),
  )
}

function showOffsets(stage: Stage, pids: number[], fd: number): void {
  for (const pid of pids) {
    const info = fdFlags(pid, fd)
    if (info) stage.evidence(`/proc/${pid}/fdinfo/${fd}`, `pos ${info.pos}`, 'the offset of the open file')
  }
}

/** Of this very process. */
function showWhyNotNode(stage: Stage): void {
  const left = (readSmaps(process.pid) ?? []).filter(({ flags }) => flags.includes('dc'))
  if (left.length === 0) {
    stage.note('cannot be seen here: why Node cannot fork(2)')
    return
  }
  const bytes = left.reduce((sum, { from, to }) => sum + Number(to - from), 0)
  stage.evidence(
    `/proc/${process.pid}/smaps`,
    `${left.length} mappings, ${kib(bytes)}, flag dc`,
    'what a child would not get',
  )
  stage.note(
    'Node itself cannot fork(2): V8 has asked the kernel (MADV_DONTFORK, the flag dc) not to give its memory to a child, which would die of SIGSEGV. child_process.fork starts a new program.',
  )
}
