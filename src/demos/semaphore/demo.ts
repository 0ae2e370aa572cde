/** A semaphore as a counter of free places: which processes it admits, which wait, and what becomes of it when they are killed. */
import { readSemaphore, type SemaphoreState } from '../../ipc/sysv-sem.js'
import { readSchedstat } from '../../proc/sched.js'
import { isAlive } from '../../proc/stat.js'
import { readSet } from '../../proc/sysvipc-sem.js'
import type { Demo, Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import { seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { showNamed } from './named.js'
import { makePrivateSet } from './private.js'
import { requireSets } from './semaphore.js'
import { enter, kill, leave, startWorker, untilInside, type Worker } from './workers.js'

/** How long the process that waits is watched, in milliseconds. */
const watching = 60

export const semaphoreDemo: Demo = async (stage) => {
  requireProc('semaphore demo')
  requireSets('semaphore demo')
  stage.note(
    'The value of a semaphore is the number of processes that may still enter. ' +
      'Watch four processes share two places, and watch what happens to the place of a process that is killed.',
    'opening',
  )
  const { place, remove } = makePrivateSet(stage, 2)
  const names = ['worker-1', 'worker-2', 'worker-3', 'worker-4']
  const workers = await Promise.all(names.map((name) => startWorker(stage, name, place)))
  const room: Room = { ...place, workers }
  await showAdmission(stage, room)
  await showKilled(stage, room)
  await showRemoval(stage, room, remove)
  await showNamed(stage, workers)
  stage.note(
    'A semaphore counts places, and does not know which process has one. ' +
      'So the place of a killed process is lost, unless the process used SEM_UNDO: then the kernel adds 1.',
    'closing',
  )
  stage.note(
    'Next: `osdemo semaphore wait` and `osdemo semaphore post` in two terminals, and `osdemo why PID`.',
    'next',
  )
}

interface Room {
  /** Of the set. */
  id: number
  workers: Worker[]
}

/** Quotes the kernel about the semaphore. @param moment what has happened, in a few words */
function show(stage: Stage, { id, workers }: Room, moment: string): SemaphoreState | undefined {
  const state = readSemaphore(id, 0)
  if (!state) return undefined
  const { value, waitForIncrease: waiting, lastUser } = state
  stage.evidence('semctl(2)', `GETVAL ${value}, GETNCNT ${waiting}, GETPID ${lastUser}`, moment, {
    data: workers.map(({ name, id: pid, state, undo }) => ({
      moment,
      value,
      waiting,
      lastUser,
      process: name,
      pid,
      state,
      undo,
    })),
  })
  return state
}

/** Waits until so many threads wait for the semaphore. */
async function untilWaiting(stage: Stage, { id }: Room, count: number): Promise<void> {
  await stage.poll(() => readSemaphore(id, 0)?.waitForIncrease === count)
}

async function showAdmission(stage: Stage, room: Room): Promise<void> {
  const { workers, id } = room
  const set = readSet(id)
  if (set) {
    // Without the mode: that of a new set only marks it as ours.
    const value = `semid ${id}, nsems ${set.semaphores}`
    stage.evidence('/proc/sysvipc/sem', value, 'as ipcs -s prints it', { data: { id, semaphores: 1 } })
  }
  show(stage, room, 'a new set')
  for (const [index, worker] of workers.entries()) {
    // The kernel gives back what the second one took.
    enter(worker, index === 1)
    if (index < 2) await untilInside(stage, workers, index + 1)
    else await untilWaiting(stage, room, index - 1)
    show(stage, room, index < 2 ? `${worker.name} enters` : `${worker.name} waits`)
  }
  const full = readSemaphore(id, 0)
  const inside = workers.filter(({ state }) => state === 'inside').map(({ name }) => name)
  stage.claim(
    'semaphore/admits-its-value',
    'A semaphore of value 2 lets two processes enter. The value is 0 now, and the others wait.',
    inside.join() === 'worker-1,worker-2' && full?.value === 0 && full.waitForIncrease === 2,
  )
  const [first, , third] = workers
  // There are four.
  await seeWaiting(stage, third!)
  await leave(first!)
  await untilInside(stage, workers, 2)
  const after = show(stage, room, 'worker-1 leaves')
  const admitted = workers.slice(2).filter(({ state }) => state === 'inside')
  stage.claim(
    'semaphore/post-admits-one',
    'A process that leaves adds 1, and the kernel lets one that waits continue: one enters, one still waits.',
    admitted.length === 1 && after?.value === 0 && after.waitForIncrease === 1,
  )
}

/** It is blocked in the kernel, and does not run. */
async function seeWaiting(stage: Stage, worker: Worker): Promise<void> {
  const { id: pid, name } = worker
  await seeWait(stage, {
    pid,
    tid: pid,
    calls: ['semop', 'semtimedop'],
    hasReturned: () => worker.state !== 'waiting',
    id: 'semaphore/waiter-blocks-in-semop',
    claim: `A process that waits for a semaphore is blocked in the kernel: ${name} in semop(2).`,
  })
  const before = readSchedstat(pid, pid)
  await stage.pause(watching)
  const after = readSchedstat(pid, pid)
  const source = `/proc/${pid}/task/${pid}/schedstat`
  if (!before || !after)
    return stage.note(`Not observed: the CPU time of ${name}. ${source} cannot be read.`, 'aside')
  stage.evidence(
    source,
    `${before.run}, then ${after.run}`,
    `the first number before and after ${watching} ms: its CPU time`,
    { data: { before: before.run, after: after.run, milliseconds: watching } },
  )
  stage.claim(
    'semaphore/waiting-costs-no-cpu-time',
    `Waiting costs no CPU time: ${name} used none in ${watching} ms.`,
    after.run === before.run,
  )
}

async function showKilled(stage: Stage, room: Room): Promise<void> {
  const { workers, id } = room
  // There are four.
  const [first, second, third, fourth] = workers as [Worker, Worker, Worker, Worker]
  stage.note('The second process has entered with SEM_UNDO. SIGKILL kills it inside.')
  await kill(second)
  const inside = await untilInside(stage, [third, fourth], 2)
  show(stage, room, `${second.name} is killed`)
  stage.claim(
    'semaphore/undo-gives-back',
    'With SEM_UNDO the kernel adds 1 for a process that is killed inside: the next one enters.',
    inside.length === 2,
  )

  stage.note('The last process that entered did so without SEM_UNDO. It is killed too.')
  enter(first)
  await untilWaiting(stage, room, 1)
  const last = readSemaphore(id, 0)?.lastUser === third.id ? third : fourth
  await kill(last)
  const state = show(stage, room, `${last.name} is killed`)
  stage.claim(
    'semaphore/value-is-lost-without-undo',
    `Without SEM_UNDO nothing adds 1: ${last.name} is dead, the value is 0, and ${first.name} waits.`,
    state?.value === 0 && state.waitForIncrease === 1 && first.state === 'waiting' && !isAlive(last.id),
  )
  const blockers = accountOf(createWorld(), first.id, true)?.threads.map(({ blocker }) => blocker) ?? []
  const named = blockers.flatMap((blocker) => (blocker.kind === 'system-v' ? blocker.lastUsers : []))
  stage.claim(
    'semaphore/why-names-the-last-process',
    `\`osdemo why ${first.id}\` names the process that changed the value last, which has exited: ${last.id}.`,
    named.join() === `${last.id}`,
  )
}

async function showRemoval(stage: Stage, { workers }: Room, remove: () => void): Promise<void> {
  const waiting = workers.filter(({ state }) => state === 'waiting')
  stage.note('No process will add 1 now. The set is removed while a process waits.')
  remove()
  await stage.poll(() => waiting.every(({ state }) => state !== 'waiting'))
  for (const { name, errno } of waiting)
    stage.evidence(`semop(2) of ${name}`, errno ?? 'returned 0', 'after semctl(2) with IPC_RMID', {
      data: { process: name, errno: errno ?? null },
    })
  stage.claim(
    'semaphore/removal-ends-the-wait',
    'The removal of a System V set ends the wait: semop(2) fails with EIDRM.',
    waiting.length === 1 && waiting.every(({ errno }) => errno === 'EIDRM'),
  )
}
