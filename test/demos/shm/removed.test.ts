/** Another process removes the segment of a running demo: exit code 1, and never a bug. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { SegmentWord } from '../../../src/actors/segment-user.js'
import { shmDemo } from '../../../src/demos/shm/demo.js'
import { SystemCallError } from '../../../src/errors.js'
import type { Event } from '../../../src/events.js'
import { readSegments } from '../../../src/proc/sysvipc-shm.js'
import { meddled } from '../../support/meddle.js'
import { perform } from '../../support/perform.js'

const remove = (id: number) => execFileSync('ipcrm', ['-m', `${id}`])

/** The claims of `shm demo` that come out false when the segment is removed just before this claim, and how the run ends. */
async function removedBefore(claim: string) {
  const makers: number[] = []
  const demo = meddled(shmDemo, (fact) => {
    if (fact.event !== 'claim' || fact.id !== claim) return
    const mine = readSegments()?.find((one) => makers.includes(one.creatorPid))
    if (mine && !mine.removed) remove(mine.id)
  })
  const { events, error } = await perform(
    demo,
    (event) => event.event === 'started' && makers.push(event.child),
  )
  return { failed: failedIn(events), error }
}

const failedIn = (events: Event[]) =>
  events.flatMap((event) => (event.event === 'claim' && !event.holds ? [event.id] : []))

test.for([
  ['shm/kernel-counts-attachments', ['shm/segment-outlives-its-creator']],
  ['shm/segment-outlives-its-creator', []],
  ['shm/found-by-key', ['shm/segment-does-not-grow']],
] as const)('before %s', async ([claim, expected]) => {
  const { failed, error } = await removedBefore(claim)
  expect(failed).toEqual(expected)
  expect(error).toMatchObject({ exit: 1, call: 'shmget', errno: 'ENOENT' })
})

test.for([
  ['attach', 'shmat'],
  ['remove', 'shmctl'],
] as const)('between the steps of one process: %s', async ([word, call]) => {
  const { error } = await perform(async (stage) => {
    const config = { key: 0x5000_0000 + process.pid, size: 1024 }
    const user = await stage.start({ program: 'segment-user', name: 'user', config })
    const ask = async (word: SegmentWord, call: string) => {
      user.tell(word)
      return user.until('call', (event) => event.call === call)
    }
    // shmget(2) has returned the id of a segment.
    remove((await ask('make', 'shmget')).result!)
    await ask(word, call)
    user.tell('end')
    await user.ended
  })
  expect(error).toBeInstanceOf(SystemCallError)
  expect(error).toMatchObject({ exit: 1, call, errno: expect.stringMatching(/^(EINVAL|EIDRM)$/) })
})
