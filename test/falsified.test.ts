/** Every claim can come out false: there is a test in which it does. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claimIds } from '../scripts/claims.js'

/** The ids in the calls of `falsify`: the list of literals that is its first argument. */
const call = /\bfalsify\(\s*\[([^\]]*)\]/g

/** Claims without such a test yet. */
const notYet: readonly string[] = [
  'fork/addresses-are-the-same',
  'fork/child-starts-with-the-same-values',
  'fork/copies-page-on-write',
  'fork/file-offset-is-shared',
  'fork/private-memory-is-separate',
  'fork/shared-memory-is-not-copied',
  'fork/shared-memory-is-shared',
  'lock/can-be-repaired-after-owner-death',
  'lock/owner-death-is-reported',
  'lock/prevents-lost-updates',
  'lock/waiter-sleeps-in-futex',
  'lock/waiting-costs-no-cpu-time',
  'memory/data-is-writable-not-executable',
  'memory/fixed-parts-keep-their-size',
  'memory/heap-begins-at-start-brk',
  'memory/heap-grows-with-small-pieces',
  'memory/large-piece-lies-outside-heap',
  'memory/parts-add-up',
  'memory/parts-do-not-overlap',
  'memory/stack-grows-with-recursion',
  'memory/stack-pointer-is-in-stack',
  'memory/text-is-executable-not-writable',
  'process/idle-process-sleeps-in-kernel',
  'process/new-child-is-known-to-kernel',
  'process/sigcont-continues-it',
  'process/sigstop-stops-it',
  'process/state-r-means-running-or-ready',
  'queue/blocked-side-continues-when-other-comes',
  'queue/fast-receiver-is-held',
  'queue/fast-receiver-is-refused',
  'queue/fast-sender-has-room',
  'queue/fast-sender-is-held',
  'queue/fast-sender-is-refused',
  'queue/holds-at-most-its-capacity',
  'queue/messages-arrive-in-order',
  'queue/nonblocking-receive-is-refused-when-empty',
  'queue/nonblocking-send-is-refused-when-full',
  'queue/receiver-blocks-when-empty',
  'queue/rendezvous-blocks-lone-receiver',
  'queue/rendezvous-blocks-lone-sender',
  'queue/rendezvous-needs-a-side-that-waits',
  'queue/rendezvous-refuses-lone-receiver',
  'queue/rendezvous-refuses-lone-sender',
  'queue/rendezvous-stores-nothing',
  'queue/sender-blocks-when-full',
  'queue/sender-with-room-never-waits',
  'queue/unbounded-queue-lies-in-sender',
  'scheduler/computing-is-preempted',
  'scheduler/one-cpu-runs-one-at-a-time',
  'scheduler/round-trip-takes-a-switch-each',
  'scheduler/several-are-runnable-on-one-cpu',
  'scheduler/turns-do-not-overlap',
  'scheduler/waiting-switches-voluntarily',
  'scheduler/weights-predict-shares',
  'shm/atomic-add-loses-no-updates',
  'shm/found-by-key',
  'shm/kernel-counts-attachments',
  'shm/other-users-segment-is-refused',
  'shm/plain-add-loses-updates',
  'shm/removed-segment-goes-with-last-detach',
  'shm/removed-segment-is-not-found',
  'shm/removed-segment-loses-its-key',
  'shm/removed-segment-works-while-attached',
  'shm/ring-consumer-sleeps-when-empty',
  'shm/ring-keeps-messages-in-order',
  'shm/segment-does-not-grow',
  'shm/segment-outlives-its-creator',
  'shm/several-processes-attach-one-segment',
  'thread/shares-memory-of-its-process',
]

function falsifiedIds(): Set<string> {
  const files = readdirSync('test', { recursive: true })
    .map((name) => join('test', String(name)))
    .filter((file) => file.endsWith('.test.ts'))
  const lists = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(call)].map(([, list]) => list!),
  )
  return new Set(lists.flatMap((list) => [...list.matchAll(/'([^']+)'/g)].map(([, id]) => id!)))
}

test('every claim has a test in which it comes out false', () => {
  const falsified = falsifiedIds()
  const missing = [...claimIds().keys()].filter((id) => !falsified.has(id) && !notYet.includes(id))
  expect(missing).toEqual([])
})

test('such a test names a claim that exists', () => {
  const ids = claimIds()
  expect([...falsifiedIds(), ...notYet].filter((id) => !ids.has(id))).toEqual([])
  expect(notYet.filter((id) => falsifiedIds().has(id))).toEqual([])
})
