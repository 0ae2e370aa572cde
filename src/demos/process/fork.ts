/**
 * What parent and child share after fork(2). A C program forks, because Node cannot. It waits at each step, so that osdemo
 * can read the memory of both processes in between.
 */
import { DemoFailed } from '../../errors.js'
import { fdFlags } from '../../proc/fds.js'
import { readPids } from '../../proc/pids.js'
import { readInt } from '../../proc/process-memory.js'
import { readSmaps } from '../../proc/smaps.js'
import { readStat } from '../../proc/stat.js'
import { quoteStatus } from '../../proc/status.js'
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { kib } from '../../text.js'
import { objectOfChild } from '../shared/object-of-child.js'
import { requireProc } from '../shared/require-proc.js'
import { detailOf, readPages, sharedVariables, showCopies } from './fork-pages.js'
import { type Picture, pictureReader, type Variable } from './fork-picture.js'

export const processFork: Demo = async (stage) => {
  requireProc('process fork')
  stage.note(
    'After fork(2) parent and child use the same addresses, but not always the same memory. ' +
      'Watch which variables of the parent change when the child writes to its own.',
    'opening',
  )
  const { parent, next, isOver } = await startParent(stage, await compiled('fork-shares'))
  parent.tell('begin')
  const { variables, offset } = await next()
  stage.note(`The parent has set six variables to 1: ${variables.map(({ name }) => name).join(', ')}.`)

  parent.tell('fork')
  const child = await stage.poll(() => waitingChildOf(parent.id) ?? (isOver() && 'none'))
  if (child === undefined || child === 'none') {
    throw new DemoFailed('no child of the parent was found', { hint: 'Run the demo again.' })
  }
  stage.say({ event: 'started', child, name: 'child', kind: 'process', parent: parent.id })
  const ppid = readStat(child)?.ppid ?? null
  const quoted = quoteStatus(child, 'PPid') ?? `PPid: ${ppid}`
  stage.evidence(`/proc/${child}/status`, quoted, 'the parent', { data: { ppid } })
  const before = readPages(child, parent.id, variables)

  parent.tell('look')
  const first = await next()
  stage.claim(
    'fork/addresses-are-the-same',
    `After fork(2) a variable has the same address in both processes: all ${variables.length} have.`,
    variables.every(({ address }, at) => first.variables[at]?.address === address),
  )
  stage.claim(
    'fork/child-starts-with-the-same-values',
    'The child starts with the values of the parent: it reads 1 from each variable.',
    first.variables.every(({ value }) => value === 1),
  )

  parent.tell('write')
  const second = await next()
  stage.note('The child writes 2 to each variable, and reads 5 bytes from a file that the parent opened.')
  const after = readPages(child, parent.id, variables)
  for (const variable of variables) showInts(stage, [parent.id, child], variable)
  showOffsets(stage, [parent.id, child], second.fd)
  showCopies(stage, child, variables, before, after)

  parent.tell('end of the child')
  const last = await next()
  // The parent prints what waitpid(2) has returned.
  const [, code] = /exited with code (\d+)$/.exec(last.title) ?? []
  if (code === undefined) {
    throw new DemoFailed('the parent did not print the exit code of its child', {
      hint: 'Run the demo again.',
    })
  }
  stage.say({ event: 'exited', child, name: 'child', kind: 'process', code: Number(code), signal: null })
  claimShares(stage, last)
  stage.claim(
    'fork/file-offset-is-shared',
    'Parent and child share the open file description: the child read 5 bytes, which moved the offset of both.',
    offset === 0 && last.offset === 5,
  )
  parent.tell('end')
  await parent.ended
  showWhyNotNode(stage)
  stage.note(
    'Each process has its own private memory. Shared mappings, segments and open file descriptions stay common, ' +
      'so processes can communicate through these.',
    'closing',
  )
  stage.note('Next: `osdemo shm demo` shows processes that communicate through a segment.', 'next')
}

/** @param after the values of the parent, when the child has written 2 to each variable */
function claimShares(stage: Stage, after: Picture): void {
  const all = (names: string[], value: number) =>
    names.every((name) => after.variables.find((one) => one.name === name)?.value === value)
  stage.claim(
    'fork/private-memory-is-separate',
    'Private memory is separate: in stack, heap, data and MAP_PRIVATE the parent still reads 1.',
    all(['stack', 'heap', 'data', 'MAP_PRIVATE'], 1),
  )
  stage.claim(
    'fork/shared-memory-is-shared',
    'Shared memory is common: in MAP_SHARED and the System V segment the parent reads 2.',
    all(sharedVariables, 2),
  )
}

/** The value at one address, in the parent and in the child. */
function showInts(stage: Stage, pids: [parent: number, child: number], { name, address }: Variable): void {
  const [parent, child] = pids.map((pid) => readInt(pid, address))
  if (parent === undefined || child === undefined) return
  const at = address.toString(16)
  stage.say({
    event: 'evidence',
    source: pids.map((pid) => `/proc/${pid}/mem`).join(', '),
    value: `parent: ${parent}, child: ${child}`,
    about: `${name}, at 0x${at}`,
    data: { variable: name, address: at, parent, child },
    ...detailOf(name),
  })
}

/** Starts the program. @returns `next` too, which waits for its next picture */
async function startParent(stage: Stage, path: string) {
  const pictures: Picture[] = []
  const reader = pictureReader((picture) => pictures.push(picture))
  // The program removes its segment as soon as it has attached it. If it is killed before that, the sweep removes the segment.
  const recordBy = objectOfChild(stage, 'segment', '0')
  const parent = await stage.startProgram('parent', [path, 'steps'], reader)
  recordBy(parent.id)
  let over = false
  // Its last lines may arrive shortly after its exit.
  const late = () => void setTimeout(() => (over = true), 500)
  parent.ended.then(late, () => {})
  let seen = 0
  const next = async () => {
    await stage.poll(() => pictures.length > seen || over, 10_000)
    const picture = pictures[seen++]
    if (picture) return picture
    throw new DemoFailed(`the program that forks exited or printed nothing: ${path}`, {
      hint: `Read its error message above, or run it on its own: ${path}`,
    })
  }
  return { parent, next, isOver: () => over }
}

/** The child, once it waits for its next step. */
function waitingChildOf(parent: number): number | undefined {
  return readPids().find((pid) => {
    const stat = readStat(pid)
    return stat?.ppid === parent && stat.state === 'S'
  })
}

function showOffsets(stage: Stage, pids: number[], fd: number): void {
  for (const pid of pids) {
    const info = fdFlags(pid, fd)
    if (info)
      stage.evidence(`/proc/${pid}/fdinfo/${fd}`, `pos: ${info.pos}`, 'the file offset', { data: info.pos })
  }
}

/** Shows which of osdemo's own mappings a forked child would not have. */
function showWhyNotNode(stage: Stage): void {
  const left = (readSmaps(process.pid) ?? []).filter(({ flags }) => flags.includes('dc'))
  if (left.length === 0) {
    stage.note('Not observed: why Node cannot fork. No mapping of osdemo has the flag dc.', 'aside')
    return
  }
  const bytes = left.reduce((sum, { from, to }) => sum + Number(to - from), 0)
  stage.evidence(
    `/proc/${process.pid}/smaps`,
    `VmFlags: dc in ${left.length} mappings, ${kib(bytes)}`,
    'not copied by fork(2)',
    { data: { mappings: left.length, bytes } },
  )
  stage.note(
    'A C program forks here, because a fork of Node would crash: V8 keeps its memory from children (MADV_DONTFORK). ' +
      'The function child_process.fork starts a new program instead.',
    'aside',
  )
}
