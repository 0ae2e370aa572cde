/** System V segments as the kernel lists them. Each segment that a test creates is removed when the test ends. */
import { spawnSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { attachSegment, findSegment, makeSegment, privateKey, removeSegment } from '../../src/ipc/sysv-shm.js'
import { readSegments } from '../../src/proc/sysvipc-shm.js'

/** Keys from the pid of this process, so that test runs at the same time do not share segments. */
let lastKey = 0x5000_0000 + (process.pid % 0x10_0000) * 16
const newKey = () => lastKey++

function made(key: number, size: number, mode = 0o600): number {
  const id = makeSegment(key, size, mode)!
  onTestFinished(() => {
    if (listed(id)) removeSegment(id)
  })
  return id
}

const listed = (id: number) => readSegments()!.find((segment) => segment.id === id && !segment.removed)

function errorOf(act: () => unknown) {
  try {
    act()
  } catch (error) {
    const { call, errno, message, hint, exit } = error as Record<string, unknown>
    return { call, errno, message, hint, exit }
  }
  return undefined
}

test('the kernel lists the attributes of a segment, and counts its attachments', () => {
  const key = newKey()
  const id = made(key, 1024, 0o640)
  expect(listed(id)).toMatchObject({
    key,
    mode: 0o640,
    size: 1024,
    creatorPid: process.pid,
    uid: process.getuid!(),
    attached: 0,
    removed: false,
  })
  const [one, two] = [attachSegment(id, 1024), attachSegment(id, 1024, true)]
  expect(listed(id)).toMatchObject({ attached: 2, lastPid: process.pid })
  new Uint8Array(one.memory)[1023] = 7
  expect(new Uint8Array(two.memory)[1023]).toBe(7)
  one.detach()
  two.detach()
  expect(listed(id)!.attached).toBe(0)
  expect([one.memory.byteLength, two.memory.byteLength]).toEqual([0, 0])
})

test('ipcs prints the same about a segment', () => {
  const key = newKey()
  const id = made(key, 5000)
  const line = spawnSync('ipcs', ['-m'], { encoding: 'utf8' })
    .stdout.split('\n')
    .find((text) => text.includes(` ${id} `))
  expect(line?.trim().split(/\s+/)).toEqual([
    `0x${key.toString(16)}`,
    `${id}`,
    expect.any(String),
    '600',
    '5000',
    '0',
  ])
})

test('a removed segment loses its key, and exists until the last detach', () => {
  const key = newKey()
  const id = made(key, 100)
  const attached = attachSegment(id, 100)
  removeSegment(id)
  expect(readSegments()!.find((segment) => segment.id === id)).toMatchObject({
    key: 0,
    removed: true,
    attached: 1,
  })
  expect(errorOf(() => findSegment(key, 'read'))).toMatchObject({ call: 'shmget', errno: 'ENOENT', exit: 1 })
  const next = made(key, 100)
  expect(next).not.toBe(id)
  attached.detach()
  expect(readSegments()!.some((segment) => segment.id === id)).toBe(false)
})

test('errors name the call, the errno and what to do', () => {
  const key = newKey()
  expect(errorOf(() => findSegment(key, 'read'))).toMatchObject({
    errno: 'ENOENT',
    message: expect.stringContaining(`segment with key ${key}: shmget: ENOENT`),
    hint: expect.stringContaining(`--key ${key}`),
  })
  const id = made(key, 100)
  expect(makeSegment(key, 100, 0o600)).toBeUndefined()
  expect(errorOf(() => findSegment(key, 'read', 101))).toMatchObject({ call: 'shmget', errno: 'EINVAL' })
  expect(errorOf(() => makeSegment(newKey(), 2 ** 62, 0o600))).toMatchObject({
    call: 'shmget',
    errno: expect.any(String),
  })
  removeSegment(id)
  expect(errorOf(() => attachSegment(id, 100))).toMatchObject({ call: 'shmat', errno: 'EINVAL', exit: 1 })
  expect(errorOf(() => removeSegment(id))).toMatchObject({ call: 'shmctl', errno: 'EINVAL', exit: 1 })
})

test('a private segment has no key', () => {
  const id = made(privateKey, 4096)
  expect(listed(id)).toMatchObject({ key: 0, size: 4096 })
})
