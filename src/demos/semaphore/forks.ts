/** Which philosopher has which fork and waits for which, as the kernel knows it. */
import { readSemaphore } from '../../ipc/sysv-sem.js'
import type { Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import { type Philosopher, people } from './table.js'

interface Fork {
  fork: number
  value: number
  /** The process that changed it last: its holder, where the value is 0. */
  lastUser: number
  /** How many processes wait for it. */
  waiting: number
}

export function forksOf(set: number): Fork[] {
  return Array.from({ length: people }, (_, fork) => {
    const { value = -1, lastUser = 0, waitForIncrease = 0 } = readSemaphore(set, fork) ?? {}
    return { fork, value, lastUser, waiting: waitForIncrease }
  })
}

export function showForks(stage: Stage, set: number, philosophers: readonly Philosopher[]): Fork[] {
  const forks = forksOf(set)
  for (const { fork, value, lastUser, waiting } of forks) {
    const holder = philosophers.find(({ id }) => id === lastUser)
    const words = `fork ${fork}: GETVAL ${value}, GETPID ${lastUser}, GETNCNT ${waiting}`
    stage.evidence('semctl(2)', words, `value, taken by ${holder?.name ?? 'another process'}, waiting`, {
      data: [{ moment: 'deadlock', fork, value, waiting, holder: holder?.place ?? null }],
    })
  }
  return forks
}

interface Seat {
  place: number
  pid: number
  call: string
  has: number | undefined
  waitsFor: number | undefined
}

/** `hidden`: this user may not see in which call they wait. */
export function seatsOf(set: number, philosophers: readonly Philosopher[]): Seat[] | 'hidden' {
  const forks = forksOf(set)
  const world = createWorld()
  const waits = philosophers.map(({ id }) => accountOf(world, id, true)?.threads[0])
  if (waits.some((wait) => wait?.isHidden)) return 'hidden'
  return philosophers.flatMap(({ place, id }, at) => {
    const wait = waits[at]
    if (wait?.blocker.kind !== 'system-v' || wait.blocker.id !== set) return []
    const { operation } = wait.blocker
    const has = forks.find(({ value, lastUser }) => value === 0 && lastUser === id)?.fork
    return { place, pid: id, call: wait.call ?? '', has, waitsFor: operation?.semaphore }
  })
}

export function showSeats(stage: Stage, seats: readonly Seat[]): void {
  for (const { place, pid, call, has, waitsFor } of seats) {
    const about = `P${place} has fork ${has ?? 'none'} and waits for fork ${waitsFor ?? 'none'}`
    stage.evidence(`/proc/${pid}/syscall`, `${call}(2)`, about, {
      data: [{ moment: 'deadlock', philosopher: place, pid, has: has ?? null, waitsFor: waitsFor ?? null }],
    })
  }
}
