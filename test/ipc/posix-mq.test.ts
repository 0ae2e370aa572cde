/** POSIX queues in the kernel. Each queue that a test creates is removed when the test ends. */
import { spawnSync } from 'node:child_process'
import { fstatSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { isMarked } from '../../src/ipc/mark.js'
import type { Queue } from '../../src/ipc/open-mq.js'
import { keepQueue, makeQueue, openQueue, unlinkQueue } from '../../src/ipc/posix-mq.js'

/** Names with the pid of this process, so that test runs at the same time do not share queues. */
let next = 0
const newName = () => `/osdemo-test-${process.pid}-${next++}`

function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // The test has closed or removed it before.
  }
}

function made(name: string, capacity = 2, messageSize = 16): Queue {
  const queue = makeQueue(name, { capacity, messageSize, mode: 0o600 })!
  onTestFinished(() => {
    quietly(() => queue.close())
    quietly(() => unlinkQueue(name))
  })
  return queue
}

function errorOf(act: () => unknown) {
  try {
    act()
  } catch (error) {
    const { call, errno, message, hint, exit } = error as Record<string, unknown>
    return { call, errno, message, hint, exit }
  }
  return undefined
}

test('a queue has the attributes that were asked for, and counts its messages', () => {
  const queue = made(newName())
  expect(queue.attributes()).toEqual({ capacity: 2, messageSize: 16, depth: 0, nonblocking: true })
  queue.send(Buffer.from('hello'))
  queue.send(Buffer.alloc(0))
  expect(queue.attributes().depth).toBe(2)
  expect(readFileSync(`/proc/self/fd/${queue.fd}`, 'utf8')).toMatch(/^QSIZE:5 /)
})

test('messages are received by priority, and within a priority in the order they were sent', () => {
  const queue = made(newName(), 4)
  for (const [text, priority] of [
    ['a', 0],
    ['b', 7],
    ['c', 7],
    ['d', 32_767],
  ] as const)
    queue.send(Buffer.from(text), priority)
  const out = Array.from({ length: 4 }, () => queue.receive())
  expect(out.map(({ message, priority }) => `${message} ${priority}`)).toEqual([
    'd 32767',
    'b 7',
    'c 7',
    'a 0',
  ])
  expect(errorOf(() => queue.send(Buffer.from('e'), 32_768))).toMatchObject({ errno: 'EINVAL' })
})

test('nonblocking: a full and an empty queue fail with EAGAIN', () => {
  const queue = made(newName())
  expect(errorOf(() => queue.receive())).toMatchObject({ call: 'mq_receive', errno: 'EAGAIN', exit: 1 })
  queue.send(Buffer.from('1'))
  queue.send(Buffer.from('2'))
  expect(errorOf(() => queue.send(Buffer.from('3')))).toMatchObject({ call: 'mq_send', errno: 'EAGAIN' })
  expect(String(queue.receive().message)).toBe('1')
})

test('a message above mq_msgsize fails with EMSGSIZE, and the queue is unchanged', () => {
  const queue = made(newName())
  expect(errorOf(() => queue.send(Buffer.alloc(17)))).toMatchObject({
    errno: 'EMSGSIZE',
    hint: expect.stringContaining('16 bytes'),
  })
  expect(queue.attributes().depth).toBe(0)
})

test('a second descriptor, opened by name, receives what was sent', () => {
  const name = newName()
  made(name).send(Buffer.from('hello'))
  const other = openQueue(name, 'read', { nonblocking: false })
  expect(other.attributes()).toMatchObject({ depth: 1, nonblocking: false })
  expect(errorOf(() => other.send(Buffer.from('x')))).toMatchObject({ call: 'mq_send', errno: 'EBADF' })
  expect(String(other.receive().message)).toBe('hello')
  other.close()
})

test('a queue that exists already is not created again', () => {
  const name = newName()
  made(name)
  const shape = { capacity: 2, messageSize: 16, mode: 0o600 }
  expect(makeQueue(name, shape)).toBeUndefined()
})

test('it has the mark of osdemo, whatever the umask, until keepQueue', () => {
  const umask = process.umask(0o177)
  onTestFinished(() => void process.umask(umask))
  const queue = made(newName())
  expect([fstatSync(queue.fd).mode & 0o7777, isMarked(fstatSync(queue.fd))]).toEqual([0o700, true])
  keepQueue(queue)
  expect([fstatSync(queue.fd).mode & 0o7777, isMarked(fstatSync(queue.fd))]).toEqual([0o600, false])
})

test('an unlinked queue cannot be opened, and works where it is open', () => {
  const name = newName()
  const queue = made(name)
  unlinkQueue(name)
  expect(errorOf(() => openQueue(name, 'both', { nonblocking: true }))).toMatchObject({
    call: 'mq_open',
    errno: 'ENOENT',
  })
  expect(errorOf(() => unlinkQueue(name))).toMatchObject({ call: 'mq_unlink', errno: 'ENOENT' })
  queue.send(Buffer.from('still here'))
  expect(String(queue.receive().message)).toBe('still here')
})

test('above the limits of the kernel: EINVAL, and the hint names their files', () => {
  // Root may exceed msg_max, but not HARD_MSGMAX of linux/ipc_namespace.h.
  expect(errorOf(() => made(newName(), 65_537, 16))).toMatchObject({
    call: 'mq_open',
    errno: 'EINVAL',
    exit: 1,
    hint: expect.stringContaining('/proc/sys/fs/mqueue/msg_max'),
  })
})

test('above RLIMIT_MSGQUEUE: EMFILE, and the hint names ulimit -q', ({ skip }) => {
  const limited = ['-c', 'ulimit -q 1000 && exec "$0" "$@"']
  skip(spawnSync('bash', [...limited, 'true']).status !== 0, 'needs bash with ulimit -q')
  const code = `
    import { makeQueue } from ${JSON.stringify(fileURLToPath(new URL('../../src/ipc/posix-mq.ts', import.meta.url)))}
    try { makeQueue(${JSON.stringify(newName())}, { capacity: 10, messageSize: 8192, mode: 0o600 }) }
    catch ({ errno, hint }) { console.log(errno, hint) }`
  const run = spawnSync(
    'bash',
    [...limited, process.execPath, '--import', 'tsx', '--input-type=module', '-e', code],
    {
      encoding: 'utf8',
    },
  )
  expect(run.stdout).toMatch(/^EMFILE .*ulimit -q/)
})

test.each(['osdemo', '/', '/a/b', '/..', `/${'x'.repeat(256)}`, '/a\0b', ''])(
  '%j cannot be the name of a queue: exit 2',
  (name) => {
    expect(errorOf(() => openQueue(name, 'read', { nonblocking: true }))).toMatchObject({
      exit: 2,
      message: expect.stringContaining('name of a queue'),
    })
  },
)
