/** futex(2): locks with an owner, threads that are joined, semaphores and pools. */
import type { FutexBlocker } from '../../../why/blockers/futex.js'
import { type Evidence, type Telling, verb } from './telling.js'
import { listed, named, seconds } from './words.js'

export function tellFutex(pid: number, tid: number, blocker: FutexBlocker): Telling {
  const { address, operation, isPrivate, mapping, value, owner, isTimed, left } = blocker
  const time = !isTimed ? '' : left === undefined ? ', with a time limit' : `, for at most ${seconds(left)}`
  const memory = `/proc/${pid}/mem`
  const evidence: Evidence[] = [
    {
      source: `/proc/${pid}/task/${tid}/syscall`,
      value: `0x${address} 0x${operation.toString(16)}`,
      about: `address and operation: a ${isPrivate ? 'private' : 'shared'} futex`,
      data: { address, operation, isPrivate },
    },
  ]
  if (mapping !== undefined) {
    const about = 'what is mapped at that address'
    evidence.push({ source: `/proc/${pid}/maps`, value: mapping || 'anonymous memory', about })
  }
  if (value !== undefined)
    evidence.push({ source: memory, value: `${value}`, about: 'the value at that address', data: value })
  if (owner) {
    const about =
      owner.source === 'kernel' ? 'the owner, as the kernel keeps it' : 'the owner, as glibc keeps it'
    evidence.push({ source: memory, value: `${owner.tid}`, about, data: { ...owner } })
  }
  return {
    wait: `${futexWait(tid, blocker)}${time}`,
    sentences: wakerOf(blocker),
    proofs: [{ shows: `Thread ${tid} of ${named(pid)} sleeps on a futex.`, evidence }],
  }
}

function futexWait(tid: number, { isPrivate, joined, owner, semaphore }: FutexBlocker): string {
  if (joined !== undefined) return `until its thread ${joined} exits`
  if (semaphore !== undefined) return `for the semaphore ${semaphore}`
  if (owner) {
    if (owner.isDead)
      return `for a lock that thread ${owner.tid} ${isPrivate ? 'probably ' : ''}did not unlock before it exited`
    if (owner.tid === tid) return 'for a lock that it holds itself'
    return owner.pid !== undefined && !isPrivate
      ? `for a lock that ${named(owner.pid)} holds`
      : `for a lock that its thread ${owner.tid} holds`
  }
  return isPrivate
    ? 'on a futex until another of its threads wakes it up'
    : 'on a futex until a process that shares its memory wakes it up'
}

const noRecord = 'It may be a lock, a semaphore or a condition: the kernel does not record that.'

function wakerOf(blocker: FutexBlocker): string[] {
  const { isPrivate, joined, owner, semaphore, value, mates, sharers, isTimed } = blocker
  if (joined !== undefined) return ['This is how pthread_join(3) waits.']
  if (semaphore !== undefined) {
    const others =
      sharers.length > 0 ? [`${listed(sharers.map(named))} ${verb(sharers, 'maps', 'map')} it too.`] : []
    return [`Its value is ${value}.`, 'Any process that may open it can post to it: sem_post(3).', ...others]
  }
  if (owner) {
    const source = owner.source === 'kernel' ? 'The kernel' : 'A mutex of glibc'
    if (owner.isDead)
      return [`${source} keeps its owner, and no such thread exists.`, 'So no thread will unlock it.']
    const more =
      owner.pid === undefined || isPrivate || owner.source === 'kernel'
        ? []
        : owner.isRobust
          ? ['The mutex is robust: when its owner exits, the next process gets the lock with EOWNERDEAD.']
          : ['The mutex is not robust: if its owner is terminated, no process gets the lock.']
    return [`${source} keeps its owner: thread ${owner.tid}.`, ...more]
  }
  if (!isPrivate) {
    return sharers.length > 0
      ? [`${listed(sharers.map(named))} ${verb(sharers, 'maps', 'map')} that memory too.`, noRecord]
      : ['No other process maps that memory.']
  }
  if (mates.length === 0) {
    return isTimed
      ? ['It has no other thread.']
      : ['It has no other thread, so it blocks forever unless a signal arrives.']
  }
  const threads =
    mates.length === 1
      ? `its thread ${mates[0]}`
      : mates.length <= 4
        ? `its threads ${listed(mates.map(String))}`
        : `its ${mates.length} other threads`
  return [`Only ${threads} can wake it up.`, noRecord]
}
