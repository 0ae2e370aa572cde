/** The nonblocking sides of a rendezvous. The blocking sides need two processes: test/demos/queue/queue.test.ts. */
import { expect, onTestFinished, test } from 'vitest'
import { makeQueue, openQueue, unlinkQueue } from '../../src/ipc/posix-mq.js'
import { openRendezvousReceiver, openRendezvousSender, rendezvousShape } from '../../src/ipc/rendezvous.js'

let next = 0

/** Three queues, which are removed when the test ends. */
function newNames() {
  const [offer, ready, taken] = ['offer', 'ready', 'taken'].map((role) => {
    const name = `/osdemo-test-${process.pid}-${role}-${next++}`
    makeQueue(name, { ...rendezvousShape, mode: 0o600 })!.close()
    onTestFinished(() => unlinkQueue(name))
    return name
  }) as [string, string, string]
  return { offer, ready, taken }
}

const stored = (names: Record<string, string>) =>
  Object.values(names).map((name) => {
    const queue = openQueue(name, 'read', { nonblocking: true })
    const { depth } = queue.attributes()
    queue.close()
    return depth
  })

test('two nonblocking sides always get EAGAIN, and nothing is stored', () => {
  const names = newNames()
  const sender = openRendezvousSender(names, false)
  const receiver = openRendezvousReceiver(names, false)
  for (let round = 0; round < 3; round++) {
    expect(() => sender.send(Buffer.from('x'))).toThrow(/mq_receive: EAGAIN/)
    expect(() => receiver.receive()).toThrow(/mq_receive: EAGAIN/)
  }
  expect(stored(names)).toEqual([0, 0, 0])
  sender.close()
  receiver.close()
})

test('a nonblocking receiver receives the message of a waiting sender, and wakes it', () => {
  const names = newNames()
  // This is what a blocking sender has done when it waits.
  const offer = openQueue(names.offer, 'write', { nonblocking: true })
  offer.send(Buffer.from('hello'))
  const receiver = openRendezvousReceiver(names, false)
  expect(receiver.offered()).toBe(true)
  expect(String(receiver.receive())).toBe('hello')
  expect(stored(names)).toEqual([0, 0, 1])
  expect(() => receiver.receive()).toThrow(/EAGAIN/)
  receiver.close()
  offer.close()
})

test('a blocking receiver takes back the ticket that no sender used, before it returns', () => {
  const names = newNames()
  const offer = openQueue(names.offer, 'write', { nonblocking: true })
  offer.send(Buffer.from('hello'))
  const receiver = openRendezvousReceiver(names, true)
  expect(String(receiver.receive())).toBe('hello')
  expect(stored(names)).toEqual([0, 0, 1])
  receiver.close()
  offer.close()
})
