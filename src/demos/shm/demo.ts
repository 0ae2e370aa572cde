/** A segment's life, by three processes: the writer makes it and ends, the reader finds it, the remover removes it. */
import type { SegmentUserConfig, SegmentWord } from '../../actors/segment-user.js'
import { DemoFailed } from '../../errors.js'
import { readSegment } from '../../proc/sysvipc-shm.js'
import type { ActorOf, EventOf } from '../../run/actor.js'
import { record } from '../../run/ledger.js'
import type { Demo, Stage } from '../../run/stage.js'
import { sweep } from '../../run/sweep.js'
import { requireSegments, showSegment } from './segment.js'

/** Bytes of the segment, as in the lecture. */
const size = 1024

const text = 'hello wörld'

/** Written into the segment after it was removed. */
const lateText = 'still here'

export const shmDemo: Demo = async (stage) => {
  const taken = requireSegments('shm demo').map(({ key }) => key)
  // A key of this run's own: two demos at once must not meet.
  let key = 70_001 + process.pid
  while (taken.includes(key)) key++
  const config: SegmentUserConfig = { key, size }
  const enter = (name: string) => stage.start({ program: 'segment-user', name, config })

  const writer = await enter('writer')
  const entry = record('segment', `${key}`, writer.id)
  // Before it is made: a Ctrl-C may come before we hear of it.
  stage.scope.defer(() => {
    entry.release()
    sweep()
  })
  const { result: id } = await ask(writer, 'make')
  if (id === undefined) throw new DemoFailed(`key ${key} was taken just now`, { hint: 'run it again' })
  entry.made(id)
  await ask(writer, 'attach')
  writer.tell(`write ${text}`)
  await writer.until('sent')
  claimAttached(stage, id, 1)
  end(writer)
  await writer.ended

  const alone = showSegment(stage, id, `the segment, now that its writer, ${writer.id}, is dead`)
  stage.claim(
    'shm/segment-outlives-its-creator',
    'the segment outlives the process that made it',
    alone?.attached === 0 && alone.creatorPid === writer.id,
  )

  const reader = await enter('reader')
  await ask(reader, 'find')
  await ask(reader, 'attach')
  reader.tell('read')
  const received = await reader.until('received')
  stage.claim(
    'shm/found-by-key',
    'another process, which knows only the key, reads what the dead one wrote',
    received.text === text,
  )
  const larger = await ask(reader, 'find-larger')
  stage.claim(
    'shm/segment-does-not-grow',
    `a segment does not grow: shmget(2) for ${2 * size} bytes is EINVAL`,
    larger.errno === 'EINVAL',
  )

  await showRefusal(stage)
  const remover = await enter('remover')
  await ask(remover, 'find')
  await ask(remover, 'attach')
  claimAttached(stage, id, 2)
  await ask(remover, 'remove')
  const marked = showSegment(stage, id, 'the segment, removed while two processes have it attached')
  stage.claim(
    'shm/removed-segment-loses-its-key',
    'a removed segment loses its key at once',
    marked?.key === 0 && marked.removed,
  )
  const gone = await ask(remover, 'find')
  stage.claim(
    'shm/removed-segment-is-not-found',
    `nobody finds it by key ${key} any more: ENOENT`,
    gone.errno === 'ENOENT',
  )
  remover.tell(`write ${lateText}`)
  await remover.until('sent')
  reader.tell('read')
  const late = await reader.until('received', ({ seq }) => seq === 1)
  stage.claim(
    'shm/removed-segment-works-while-attached',
    'those who have it attached share it all the same',
    late.text === lateText,
  )
  for (const actor of [reader, remover]) end(actor)
  await Promise.all([reader.ended, remover.ended])
  stage.claim(
    'shm/removed-segment-goes-with-last-detach',
    'its memory goes with the last one who detaches it',
    readSegment(id) === undefined,
  )
}

/** What the kernel answers who may not use a segment; that takes another user's. */
async function showRefusal(stage: Stage): Promise<void> {
  const uid = process.getuid!() // Every Unix has getuid(2).
  const foreign = requireSegments('shm demo').find(
    (one) => one.uid !== uid && one.creatorUid !== uid && one.key !== 0 && (one.mode & 0o66) === 0,
  )
  if (uid === 0 || !foreign) {
    const why = uid === 0 ? 'root may use every segment' : 'no other user has a closed one now'
    return stage.note(
      `a key that another user owns is EACCES (take another key); cannot be seen here: ${why}`,
      'aside',
    )
  }
  const config: SegmentUserConfig = { key: foreign.key, size: 0 }
  const stranger = await stage.start({ program: 'segment-user', name: 'stranger', config })
  const { errno } = await ask(stranger, 'find')
  const still = showSegment(stage, foreign.id, `a segment of user ${foreign.uid}`)
  if (still) {
    stage.claim(
      'shm/other-users-segment-is-refused',
      `a key that another user owns is EACCES, so take another key than ${foreign.key}`,
      errno === 'EACCES',
    )
  }
  stranger.tell('end')
  await stranger.ended
}

type Call = EventOf<'call'>

/** Tells an actor a step that is one system call, and gives the kernel's answer. */
async function ask(actor: ActorOf<'segment-user'>, word: SegmentWord): Promise<Call> {
  const before = actor.events.filter(({ event }) => event === 'call').length
  actor.tell(word)
  let seen = 0
  return actor.until('call', () => ++seen > before)
}

function end(actor: ActorOf<'segment-user'>): void {
  actor.tell('detach')
  actor.tell('end')
}

function claimAttached(stage: Stage, id: number, count: number): void {
  const segment = showSegment(stage, id, `the segment, with ${count} attached`)
  stage.claim(
    'shm/kernel-counts-attachments',
    `the kernel counts who has it attached: ${count}`,
    segment?.attached === count,
  )
}
