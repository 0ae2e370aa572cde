/**
 * One of two processes that share a segment. Arguments: WAY, `first` or `second`, the segment's id and size. It reports
 * that it is ready. Each message that it gets then says how many times to do its part.
 */

import { openMemory } from '../../src/ipc/shared-memory.js'
import { mutexAt } from '../../src/ipc/shared-mutex.js'
import { consumerOf } from '../../src/ipc/shared-ring/consumer.js'
import { producerOf } from '../../src/ipc/shared-ring/producer.js'
import { lockOffsets } from './segment-layout.js'

const [way, end, id, size] = process.argv.slice(2)
const isFirst = end === 'first'
const { memory, waiter, address } = openMemory({ segment: Number(id), size: Number(size) })
const cell = new Int32Array(memory, 0, 1)
/** How many messages are published together. */
const batch = 64

const ways = { receive, send, spin, sleep, lock, handOver }
const work = ways[way as keyof typeof ways]()
process.on('message', (count: number) => {
  const start = process.hrtime.bigint()
  const result = work(count)
  process.send!({ milliseconds: Number(process.hrtime.bigint() - start) / 1e6, result })
})
process.send!('ready')

/** Reads messages. @returns the sum of their first bytes */
function receive() {
  const ring = consumerOf(memory, waiter)
  return (count: number) => {
    let sum = 0
    for (let got = 0; got < count; ) {
      ring.wait()
      got += ring.drain((bytes, start) => {
        sum += bytes[start]!
      })
    }
    return sum
  }
}

function send() {
  const ring = producerOf(memory, waiter)
  const message = new Uint8Array(64)
  return (count: number) => {
    for (let i = 0; i < count; i++) {
      message[0] = i
      ring.write(message)
      if (i % batch === batch - 1) ring.publish()
    }
    ring.publish()
    return count
  }
}

/** The cell counts turns: the first process takes the even ones, the second the odd ones. @returns the turns of both */
function spin() {
  let turn = isFirst ? 0 : 1
  return (count: number) => {
    const start = turn
    for (let i = 0; i < count; i++) {
      while (Atomics.load(cell, 0) !== turn);
      Atomics.store(cell, 0, turn + 1)
      turn += 2
    }
    if (isFirst) while (Atomics.load(cell, 0) !== turn);
    return Atomics.load(cell, 0) - start
  }
}

/** The same, but a process sleeps in futex(2) until its turn. */
function sleep() {
  let turn = isFirst ? 0 : 1
  const waitForTurn = () => {
    while (Atomics.load(cell, 0) !== turn) waiter.wait(cell, 0, turn - 1)
  }
  return (count: number) => {
    const start = turn
    for (let i = 0; i < count; i++) {
      waitForTurn()
      Atomics.store(cell, 0, turn + 1)
      waiter.notify(cell, 0)
      turn += 2
    }
    if (isFirst) waitForTurn()
    return Atomics.load(cell, 0) - start
  }
}

/** Locks an uncontended lock, counts and unlocks it. @returns the count */
function lock() {
  const mutex = mutexAt(address + BigInt(lockOffsets[0]!))
  return (count: number) => {
    const before = cell[0]!
    for (let i = 0; i < count; i++) {
      mutex.lock()
      cell[0]!++
      mutex.unlock()
    }
    return cell[0]! - before
  }
}

/**
 * Three locks in a circle. Each process holds one, the second process the lock ahead of the first. A step locks the next
 * lock and unlocks the previous one. Only one lock is free at a time, so the steps alternate and each waits for the other
 * process. Returns the steps of both, counted while two locks are held: only one process at a time can hold two.
 */
function handOver() {
  const locks = lockOffsets.map((offset) => mutexAt(address + BigInt(offset)))
  let held = isFirst ? 0 : 1
  let counted = 0
  locks[held]!.lock()
  return (count: number) => {
    for (let i = 0; i < count; i++) {
      const next = (held + 1) % locks.length
      locks[next]!.lock()
      cell[0]!++
      locks[held]!.unlock()
      held = next
    }
    const before = counted
    counted = cell[0]!
    return counted - before
  }
}
