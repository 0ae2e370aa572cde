/** The side of a rendezvous that does not wait. Those that wait are processes of their own: test/demos/queue/queue.test.ts. */
import { expect, onTestFinished, test } from 'vitest'
import { makeQueue, openQueue, unlinkQueue } from '../../src/ipc/posix-mq.js'
import { openRendezvousReceiver, openRendezvousSender, rendezvousShape } from '../../src/ipc/rendezvous.js'

let next = 0

/** Three queues that are removed when the test ends. */
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

test('neither side finds the other when neither waits, and nothing is stored', () => {
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

test('a receiver that does not wait takes what a sender offers who does, and lets it go', () => {
  const names = newNames()
  // What a blocking sender has done when it waits.
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

test('a receiver that waits takes its ticket back when nobody used it, and not a moment later', () => {
  const names = newNames()
  const offer = openQueue(names.offer, 'write', { nonblocking: true })
  offer.send(Buffer.from('hello'))
  const receiver = openRendezvousReceiver(names, true)
  expect(String(receiver.receive())).toBe('hello')
  expect(stored(names)).toEqual([0, 0, 1])
  receiver.close()
  offer.close()
})
