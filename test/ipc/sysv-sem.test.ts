/** System V semaphores as the kernel lists them. Each set that a test creates is removed when the test ends. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import {
  findSet,
  largestValue,
  makeSet,
  operate,
  privateKey,
  readSemaphore,
  removeSet,
} from '../../src/ipc/sysv-sem.js'
import { readSet, waiters } from '../../src/proc/sysvipc-sem.js'
import { until } from '../support/until.js'

/** Keys from the pid of this process, so that test runs at the same time do not share sets. */
let lastKey = 0x6000_0000 + (process.pid % 0x10_0000) * 16
const newKey = () => lastKey++

function made(key: number, ...values: number[]): number {
  const id = makeSet(key, values)!
  onTestFinished(() => {
    if (readSet(id)) removeSet(id)
  })
  return id
}

const take = (id: number) => operate(id, [{ semaphore: 0, change: -1 }], { nonblocking: true })

function errorOf(act: () => unknown) {
  try {
    act()
  } catch (error) {
    const { call, errno, exit } = error as Record<string, unknown>
    return { call, errno, exit }
  }
  return undefined
}

/** A process that waits on the first semaphore of a set; its exit code is the errno. */
function waiter(id: number): ChildProcess & { pid: number } {
  const code = `exit(semop(${id}, pack("s*", 0, -1, 0)) ? 0 : $! + 0)`
  const child = spawn('perl', ['-e', code]) as ChildProcess & { pid: number }
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('the kernel lists a set and the values of its semaphores', () => {
  const key = newKey()
  const id = made(key, 3, 0)
  expect(readSet(id)).toMatchObject({ key, mode: 0o700, semaphores: 2, uid: process.getuid!() })
  // Programs that follow Beej's guide wait until the time of the last semop(2) is not 0.
  expect(readSet(id)!.operated).toBeGreaterThan(0)
  expect(readSemaphore(id, 0)).toEqual({
    value: 3,
    waitForIncrease: 0,
    waitForZero: 0,
    lastUser: process.pid,
  })
  expect(readSemaphore(id, 1)).toMatchObject({ value: 0, lastUser: 0 })
  expect(findSet(key, 'change')).toBe(id)
  expect(makeSet(key, [1])).toBeUndefined()
})

test('ipcs prints the same about a set', () => {
  const key = newKey()
  const id = made(key, 1, 1, 1)
  const line = spawnSync('ipcs', ['-s'], { encoding: 'utf8' })
    .stdout.split('\n')
    .find((text) => text.includes(` ${id} `))
  expect(line?.trim().split(/\s+/)).toEqual([
    `0x${key.toString(16)}`,
    `${id}`,
    expect.any(String),
    '700',
    '3',
  ])
})

test('semop performs all operations or none', () => {
  const id = made(privateKey, 1, 0)
  const both = [0, 1].map((semaphore) => ({ semaphore, change: -1 }))
  expect(errorOf(() => operate(id, both, { nonblocking: true }))).toMatchObject({ errno: 'EAGAIN' })
  expect(readSemaphore(id, 0)!.value).toBe(1)
  operate(id, [{ semaphore: 1, change: 1 }])
  operate(id, both)
  expect([0, 1].map((number) => readSemaphore(id, number)!.value)).toEqual([0, 0])
})

test('the kernel counts a process that waits, and wakes it when the set is removed', async () => {
  const id = made(privateKey, 0)
  const child = waiter(id)
  const exit = new Promise((resolve) => child.on('exit', resolve))
  await until(() => readSemaphore(id, 0)!.waitForIncrease === 1)
  expect(waiters(id)).toEqual([child.pid])
  removeSet(id)
  // EIDRM
  expect(await exit).toBe(43)
  expect(readSet(id)).toBeUndefined()
  expect(waiters(id)).toEqual([])
})

test.each([true, false])('what a killed process took is given back only with SEM_UNDO: %s', async (undo) => {
  const id = made(privateKey, 1)
  const code = `semop(${id}, pack("s*", 0, -1, ${undo ? 0o10000 : 0})); kill 9, $$`
  const { signal, pid } = spawnSync('perl', ['-e', code])
  expect(signal).toBe('SIGKILL')
  expect(readSemaphore(id, 0)).toMatchObject({ value: undo ? 1 : 0, lastUser: pid })
})

test('errors name the call and the errno', () => {
  const key = newKey()
  expect(errorOf(() => findSet(key, 'look'))).toEqual({ call: 'semget', errno: 'ENOENT', exit: 1 })
  const id = made(key, largestValue)
  expect(errorOf(() => operate(id, [{ semaphore: 0, change: 1 }]))).toMatchObject({ errno: 'ERANGE' })
  take(id)
  removeSet(id)
  expect(errorOf(() => take(id))).toMatchObject({ call: 'semop', errno: 'EINVAL' })
  expect(errorOf(() => removeSet(id))).toMatchObject({ call: 'semctl', errno: 'EINVAL' })
  expect(readSemaphore(id, 0)).toBeUndefined()
  expect(errorOf(() => makeSet(newKey(), Array(100_000).fill(0)))).toMatchObject({ errno: 'EINVAL' })
})
