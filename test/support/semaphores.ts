/** Semaphores of a test, which are removed when the test ends, and how many processes wait for one. */
import { readFileSync, rmSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { semaphoreFile } from '../../src/ipc/posix-sem.js'
import { readSemaphore, removeSet } from '../../src/ipc/sysv-sem.js'
import { readSets } from '../../src/proc/sysvipc-sem.js'

let next = 0

export function setWithKey(key: number) {
  return readSets()?.find((set) => set.key === key)
}

/** A key of this process, so that tests that run side by side do not share sets. */
export function newKey(): number {
  const key = 400_000_000 + process.pid * 20 + next++
  onTestFinished(() => {
    const set = setWithKey(key)
    if (set) removeSet(set.id)
  })
  return key
}

export function newName(): string {
  const name = `/osdemo-test-${process.pid}-${next++}`
  onTestFinished(() => rmSync(semaphoreFile(name), { force: true }))
  return name
}

/** The value, and how many processes wait; undefined where there is no such semaphore. */
export function stateOf(which: number | string): { value: number; waiting: number } | undefined {
  if (typeof which === 'number') {
    const set = setWithKey(which)
    const state = set && readSemaphore(set.id, 0)
    return state && { value: state.value, waiting: state.waitForIncrease }
  }
  try {
    // glibc on 64-bit machines: the value, and how many wait.
    const bytes = readFileSync(semaphoreFile(which))
    return { value: bytes.readUInt32LE(0), waiting: bytes.readUInt32LE(4) }
  } catch {
    return undefined
  }
}
