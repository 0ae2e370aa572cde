/**
 * Which of stack, heap and shared memory do parent and child share after fork(2)? A C program forks, for Node cannot; it
 * waits at each step, and we look at the memory of both.
 */
import { DemoFailed } from '../../errors.js'
import { fdFlags } from '../../proc/fds.js'
import { readPids } from '../../proc/pids.js'
import { readInt } from '../../proc/process-memory.js'
import { readSmaps } from '../../proc/smaps.js'
import { readStat } from '../../proc/stat.js'
import { compiled } from '../../run/compile.js'
import { record } from '../../run/ledger.js'
import type { Demo, Stage } from '../../run/stage.js'
import { sweep } from '../../run/sweep.js'
import { kib } from '../../text.js'
import { requireProc } from '../shared/require-proc.js'
import { readPages, sharedVariables, showCopies } from './fork-pages.js'
import { type Picture, pictureReader } from './fork-picture.js'

export const processFork: Demo = async (stage) => {
  requireProc('process fork')
  const { parent, next } = await startParent(stage, await compiled('fork-shares'))
  parent.tell('begin')
  const { variables, offset } = await next()
  stage.note(
    `The parent has set each of its variables to 1: ${variables.map(({ name }) => name).join(', ')}.`,
  )

  parent.tell('fork')
  const child = await stage.poll(() => waitingChildOf(parent.id))
  if (child === undefined) {
    throw new DemoFailed('no child of the parent has been seen', { hint: 'run it again' })
  }
  stage.say({ event: 'started', child, name: 'child', kind: 'process' })
  const ppid = readStat(child)?.ppid ?? null
  stage.evidence(`/proc/${child}/stat`, `ppid ${ppid}`, 'the parent of the child', { data: { ppid } })
  const before = readPages(child, parent.id, variables)

  parent.tell('look')
  const first = await next()
  stage.claim(
    'fork/addresses-are-the-same',
    'each variable has the same address in the child as in the parent',
    variables.every(({ address }, at) => first.variables[at]?.address === address),
  )
  stage.claim(
    'fork/child-starts-with-the-same-values',
    'the child finds in each what the parent had put there: 1',
    first.variables.every(({ value }) => value === 1),
  )

  parent.tell('write')
  const second = await next()
  stage.note(
    'The child writes 2 into each variable, and reads 5 bytes of the file that the parent has opened.',
  )
  showCopies(stage, child, variables, before, readPages(child, parent.id, variables))
  for (const { name, address } of variables) showInts(stage, [parent.id, child], name, address)
  showOffsets(stage, [parent.id, child], second.fd)

  parent.tell('end of the child')
  const after = await next()
  stage.say({ event: 'exited', child, name: 'child', kind: 'process', code: 0, signal: null })
  claimShares(stage, after)
  stage.claim(
    'fork/file-offset-is-shared',
    'shared: the open file and its offset, which has moved for the parent although it has read nothing',
    offset === 0 && after.offset === 5,
  )
  parent.tell('end')
  await parent.ended
  showWhyNotNode(stage)
}

/** @param after what the parent finds when the child has written 2 everywhere */
function claimShares(stage: Stage, after: Picture): void {
  const all = (names: string[], value: number) =>
    names.every((name) => after.variables.find((one) => one.name === name)?.value === value)
  stage.claim(
    'fork/private-memory-is-separate',
    'not shared: stack, heap, data and private mapping, where the parent still has its 1',
    all(['stack', 'heap', 'data', 'MAP_PRIVATE'], 1),
  )
  stage.claim(
    'fork/shared-memory-is-shared',
    'shared: the shared mapping and the System V segment, where the parent finds the 2 of the child',
    all(sharedVariables, 2),
  )
}

/** What stands at one address, in one process and in the other. */
function showInts(stage: Stage, pids: [parent: number, child: number], name: string, address: bigint): void {
  const [parent, child] = pids.map((pid) => readInt(pid, address))
  if (parent === undefined || child === undefined) return
  const source = pids.map((pid) => `/proc/${pid}/mem`).join(', ')
  stage.evidence(source, `parent ${parent}, child ${child}`, `${name}, at ${address.toString(16)}`, {
    data: { variable: name, address: address.toString(16), parent, child },
  })
}

/** Starts the program, and gives its pictures one by one. */
async function startParent(stage: Stage, path: string) {
  const pictures: Picture[] = []
  const reader = pictureReader((picture) => pictures.push(picture))
  const parent = await stage.startProgram('parent', [path, 'steps'], reader)
  // It makes a segment without a key, and removes it at once; only if it is killed between the two is there something to do.
  const entry = record('segment', '0', parent.id)
  stage.scope.defer(() => {
    entry.release()
    sweep()
  })
  let over = false
  void parent.ended.then(() => {
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
  return readPids().find((pid) => {
    const stat = readStat(pid)
    return stat?.ppid === parent && stat.state === 'S'
  })
}

function showOffsets(stage: Stage, pids: number[], fd: number): void {
  for (const pid of pids) {
    const info = fdFlags(pid, fd)
    if (info)
      stage.evidence(`/proc/${pid}/fdinfo/${fd}`, `pos ${info.pos}`, 'the offset of the open file', {
        data: info.pos,
      })
  }
}

/** Of this very process. */
function showWhyNotNode(stage: Stage): void {
  const left = (readSmaps(process.pid) ?? []).filter(({ flags }) => flags.includes('dc'))
  if (left.length === 0) {
    stage.note('cannot be seen here: why Node cannot fork(2)', 'aside')
    return
  }
  const bytes = left.reduce((sum, { from, to }) => sum + Number(to - from), 0)
  stage.evidence(
    `/proc/${process.pid}/smaps`,
    `${left.length} mappings, ${kib(bytes)}, flag dc`,
    'what a child would not get',
    { data: { mappings: left.length, bytes } },
  )
  stage.note(
    'Node itself cannot fork(2): V8 has asked the kernel (MADV_DONTFORK, the flag dc) not to give its memory to a child, which would die of SIGSEGV. child_process.fork starts a new program.',
    'aside',
  )
}
