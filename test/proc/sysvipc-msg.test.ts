import { spawnSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import {
  keepMessageQueue,
  largestType,
  makeMessageQueue,
  messageTypes,
  privateKey,
  queueBytes,
  receiveMessage,
  removeMessageQueue,
  sendMessage,
  setQueueBytes,
} from '../../src/ipc/sysv-msg.js'
import {
  messageQueueUsers,
  parseMessageQueues,
  readMessageLimits,
  readMessageQueue,
} from '../../src/proc/sysvipc-msg.js'

/** A queue without a key. */
function newQueue(): number {
  // A private key always creates a queue.
  const id = makeMessageQueue(privateKey)!
  onTestFinished(() => void (readMessageQueue(id) && removeMessageQueue(id)))
  return id
}

test('finds values by the names of their columns', () => {
  const text = [
    '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime',
    '-559038737          7   640           5          1   812   813  1000  1000     4     0 1790000001 1790000002 1790000000',
    '',
  ].join('\n')
  expect(parseMessageQueues(text)).toEqual([
    {
      key: -559_038_737,
      id: 7,
      mode: 0o640,
      bytes: 5,
      messages: 1,
      lastSender: 812,
      lastReceiver: 813,
      uid: 1000,
      creatorUid: 4,
      sent: 1_790_000_001,
      received: 1_790_000_002,
      changed: 1_790_000_000,
    },
  ])
})

test('the kernel counts what is sent and received, in the order of types, and ipcs agrees', ({ skip }) => {
  const id = newQueue()
  const send = (type: bigint, text: string) => sendMessage(id, { type, message: Buffer.from(text) })
  send(largestType, 'large')
  send(2n, 'two')
  send(1n, 'one')
  expect(messageTypes(id, 3, 100)).toEqual([largestType, 2n, 1n])
  expect(readMessageQueue(id)).toMatchObject({
    messages: 3,
    bytes: 11,
    lastSender: process.pid,
    lastReceiver: 0,
  })
  const receive = (type: bigint) =>
    receiveMessage(id, { type, size: 100, nonblocking: true }).message.toString()
  expect([receive(-2n), receive(2n), receive(0n)]).toEqual(['one', 'two', 'large'])
  expect(() => receive(0n)).toThrow('ENOMSG')
  expect(readMessageQueue(id)).toMatchObject({ messages: 0, bytes: 0, lastReceiver: process.pid })
  expect(messageQueueUsers(readMessageQueue(id)!)).toEqual([process.pid])
  const { status, stdout } = spawnSync('ipcs', ['-q', '-i', `${id}`], { encoding: 'utf8' })
  skip(status !== 0, 'needs ipcs of util-linux')
  expect(stdout).toMatch(new RegExp(`cbytes=0\\s+qbytes=${queueBytes(id)}\\s+qnum=0\\s+lspid=${process.pid}`))
})

test('msg_qbytes can be lowered, and nothing else of the queue changes', () => {
  const id = newQueue()
  expect(queueBytes(id)).toBe(readMessageLimits()!.bytes)
  const before = readMessageQueue(id)
  setQueueBytes(id, 4)
  expect([queueBytes(id), { ...readMessageQueue(id), changed: 0 }]).toEqual([4, { ...before, changed: 0 }])
  keepMessageQueue(id)
  expect([queueBytes(id), readMessageQueue(id)?.mode]).toEqual([4, 0o600])
  const send = (text: string) =>
    sendMessage(id, { type: 1n, message: Buffer.from(text) }, { nonblocking: true })
  send('full')
  expect(() => send('')).not.toThrow()
  expect(() => send('x')).toThrow('EAGAIN')
})
