/** The life of a segment: a writer creates it and exits, a reader finds it by its key, a third process removes it. */
import type { SegmentUserConfig, SegmentWord } from '../../actors/segment-user.js'
import { SystemCallError } from '../../errors.js'
import { readSegment } from '../../proc/sysvipc-shm.js'
import type { ActorOf, EventOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { objectOfChild } from '../shared/object-of-child.js'
import { showAfterDetach } from './after-detach.js'
import { requireSegments, showSegment } from './segment.js'

/** Bytes of the segment, as in the lecture. */
const size = 1024

const text = 'hello wörld'

/** Written into the segment after it was removed. */
const lateText = 'still here'

export const shmDemo: Demo = async (stage) => {
  const taken = requireSegments('shm demo').map(({ key }) => key)
  stage.note(
    'A segment belongs to the kernel, not to the process that creates it. ' +
      'Watch it outlive its creator, and watch when the kernel frees it after its removal.',
    'opening',
  )
  // A key of its own: two demos that run at the same time must not share a segment.
  let key = 70_001 + process.pid
  while (taken.includes(key)) key++
  const config: SegmentUserConfig = { key, size }
  const enter = (name: string) => stage.start({ program: 'segment-user', name, config })

  stage.note('A writer creates a segment, writes a text and a NUL byte into it, and exits.')
  const recordBy = objectOfChild(stage, 'segment', `${key}`)
  const writer = await enter('writer')
  // Recorded before the segment exists: Ctrl-C may arrive before the writer reports its id.
  const entry = recordBy(writer.id)
  // An actor whose shmget(2) does not return an id fails, and the demo with it.
  const id = (await ask(writer, 'make')).result!
  entry.made(id)
  await ask(writer, 'attach')
  writer.tell(`write ${text}`)
  await writer.until('sent')
  claimAttached(stage, id, 1)
  end(writer)
  await writer.ended

  const alone = showSegment(stage, id, `its creator has exited`)
  stage.claim(
    'shm/segment-outlives-its-creator',
    `A segment outlives its creator: pid ${writer.id} has exited, and segment ${id} remains.`,
    alone?.attached === 0 && alone.creatorPid === writer.id,
  )

  stage.note('A reader knows only the key of the segment.')
  const reader = await enter('reader')
  await find(reader, id)
  await ask(reader, 'attach')
  reader.tell('read')
  const received = await reader.until('received')
  stage.claim(
    'shm/found-by-key',
    'A process finds a segment by its key: the reader reads what the writer left.',
    received.text === text,
  )
  const larger = await ask(reader, 'find-larger')
  stage.claim(
    'shm/segment-does-not-grow',
    `A segment cannot grow: shmget(2) for ${2 * size} bytes fails with EINVAL.`,
    larger.errno === 'EINVAL',
  )

  await showRefusal(stage)
  await showAfterDetach(stage, id)
  stage.note('A remover attaches the segment and removes it.')
  const remover = await enter('remover')
  await find(remover, id)
  await ask(remover, 'attach')
  claimAttached(stage, id, 2)
  await ask(remover, 'remove')
  const marked = showSegment(stage, id, 'the 1 in perms marks it as removed')
  stage.claim(
    'shm/removed-segment-loses-its-key',
    `A removed segment loses its key at once: the kernel lists key 0, not ${key}.`,
    marked?.key === 0 && marked.removed,
  )
  const gone = await ask(remover, 'find')
  stage.claim(
    'shm/removed-segment-is-not-found',
    'No process can find a removed segment: shmget(2) with its key fails with ENOENT.',
    gone.errno === 'ENOENT',
  )
  remover.tell(`write ${lateText}`)
  await remover.until('sent')
  reader.tell('read')
  const late = await reader.until('received', ({ seq }) => seq === 1)
  stage.claim(
    'shm/removed-segment-works-while-attached',
    'Attached processes can still use a removed segment: the reader reads a new text.',
    late.text === lateText,
  )
  for (const actor of [reader, remover]) end(actor)
  await Promise.all([reader.ended, remover.ended])
  stage.claim(
    'shm/removed-segment-goes-with-last-detach',
    `The kernel frees a removed segment after the last detach: segment ${id} no longer exists.`,
    readSegment(id) === undefined,
  )
  stage.note(
    'A segment stays in the kernel until a process removes it and all processes detach. A program that forgets to remove it leaves its memory in use.',
    'closing',
  )
  stage.note('Next: `osdemo shm write hello` leaves a segment for `osdemo shm read` to find.', 'next')
}

/** Shows that the kernel refuses a process that the mode of a segment locks out. That takes a segment of another user. */
async function showRefusal(stage: Stage): Promise<void> {
  const uid = process.getuid!() // Every Unix has getuid(2).
  const foreign = requireSegments('shm demo').find(
    (one) => one.uid !== uid && one.creatorUid !== uid && one.key !== 0 && (one.mode & 0o66) === 0,
  )
  if (uid === 0 || !foreign) {
    const why = uid === 0 ? 'root may use every segment' : 'no other user has a private segment now'
    return stage.note(`Not observed: EACCES for a segment of another user. Here ${why}.`, 'aside')
  }
  const config: SegmentUserConfig = { key: foreign.key, size: 0 }
  const stranger = await stage.start({ program: 'segment-user', name: 'stranger', config })
  const { errno } = await ask(stranger, 'find')
  const still = showSegment(stage, foreign.id, `its owner is uid ${foreign.uid}`)
  if (still) {
    stage.claim(
      'shm/other-users-segment-is-refused',
      `The mode protects a segment of another user: shmget(2) with key ${foreign.key} fails with EACCES.`,
      errno === 'EACCES',
    )
  }
  stranger.tell('end')
  await stranger.ended
}

type Call = EventOf<'call'>

/** Tells an actor to make one system call. @returns the end of that call */
async function ask(actor: ActorOf<'segment-user'>, word: SegmentWord): Promise<Call> {
  const before = actor.events.filter(({ event }) => event === 'call').length
  actor.tell(word)
  let seen = 0
  return actor.until('call', () => ++seen > before)
}

/** Has an actor find the segment by its key. @throws SystemCallError when another process has removed it */
async function find(actor: ActorOf<'segment-user'>, id: number): Promise<void> {
  const { errno } = await ask(actor, 'find')
  if (errno === undefined) return
  throw new SystemCallError(`segment ${id} was removed during the demo: shmget: ${errno}`, 'shmget', errno, {
    hint: 'Another process has removed it. Run the demo again.',
  })
}

function end(actor: ActorOf<'segment-user'>): void {
  actor.tell('detach')
  actor.tell('end')
}

function claimAttached(stage: Stage, id: number, count: number): void {
  const segment = showSegment(stage, id, '')
  stage.claim(
    'shm/kernel-counts-attachments',
    `The kernel counts how often a segment is attached: nattch is ${count}.`,
    segment?.attached === count,
  )
}
