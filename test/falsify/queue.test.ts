/** Claims of `queue demo` and `queue matrix` that come out false, because another process uses the same queues. */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { describe, onTestFinished } from 'vitest'
import { queueDemo } from '../../src/demos/queue/demo.js'
import type { QueueOptions } from '../../src/demos/queue/explain.js'
import { queueMatrix } from '../../src/demos/queue/matrix.js'
import type { Fact } from '../../src/events.js'
import { makeQueue, openQueue, unlinkQueue } from '../../src/ipc/posix-mq.js'
import { waitingThreads } from '../../src/proc/task.js'
import type { Demo } from '../../src/run/stage.js'
import { falsify } from '../support/falsify.js'
import { meddled } from '../support/meddle.js'
import { perform } from '../support/perform.js'
import { procSays } from '../support/proc-says.js'
import { isThere } from '../support/queues.js'
import { waitWhile } from '../support/until.js'

/** What another process does to a queue, or to a FIFO, as soon as the demo has created it. */
type Meddle = (name: string) => void

async function played(demo: Demo, meddle: Meddle, before: (fact: Fact) => void = () => {}) {
  const { events } = await perform(
    meddled(demo, (fact) => {
      if (fact.event === 'created') meddle(fact.id)
      before(fact)
    }),
  )
  return events
}

/** A `queue demo` in which the sender goes first, and no side pauses. */
function queue(options: Partial<QueueOptions>): Demo {
  const fast = { sendEvery: 0, receiveEvery: 0, limit: 2 ** 26 }
  return queueDemo({ capacity: 4, send: 'blocking', receive: 'blocking', messages: 3, ...fast, ...options })
}

const receiverFirst = { sendEvery: 1 }

/** Puts a queue of another capacity in the place of the demo's. */
const replace =
  (capacity: number): Meddle =>
  (name) => {
    unlinkQueue(name)
    makeQueue(name, { capacity, messageSize: 64, mode: 0o600 })?.close()
    // It is not the demo's, so the demo may leave it, and the next demo of this process would take another name.
    onTestFinished(() => void (isThere(name) && unlinkQueue(name)))
  }

/** Sends messages to the queues that have this role in the demo. */
const send =
  (role: string, ...texts: string[]): Meddle =>
  (name) => {
    if (!name.endsWith(`-${role}`)) return
    const queue = openQueue(name, 'write', { nonblocking: true })
    for (const text of texts) queue.send(Buffer.from(text))
    queue.close()
  }

/** Whether the main thread of a process is in a system call of such a name. */
function isIn(pid: number, call: RegExp): boolean {
  return waitingThreads(pid).some(({ tid, syscall }) => tid === pid && call.test(syscall ?? ''))
}

const both =
  (...all: Meddle[]): Meddle =>
  (name) => {
    for (const one of all) one(name)
  }

describe.runIf(process.platform === 'linux')('a bounded queue', () => {
  falsify(
    [
      'queue/sender-blocks-when-full',
      'queue/blocked-side-continues-when-other-comes',
      'queue/holds-at-most-its-capacity',
      'queue/messages-arrive-in-order',
    ],
    'another process puts a larger queue in its place, and later sends the first message again as the last',
    () => {
      let name = ''
      const larger = both(replace(8), (id) => (name = id))
      return played(queue({ capacity: 2 }), larger, (fact) => {
        if (fact.event !== 'claim' || fact.id !== 'queue/sender-blocks-when-full') return
        const queue = openQueue(name, 'both', { nonblocking: true })
        queue.send(queue.receive().message)
        queue.close()
      })
    },
  )

  falsify(
    ['queue/nonblocking-send-is-refused-when-full'],
    'another process puts a larger queue in its place',
    () => played(queue({ capacity: 2, send: 'nonblocking' }), replace(8)),
  )

  falsify(['queue/sender-with-room-never-waits'], 'another process puts a smaller queue in its place', () =>
    played(queue({ capacity: 4 }), replace(1)),
  )

  falsify(['queue/receiver-blocks-when-empty'], 'another process sends before the sender does', () =>
    played(queue(receiverFirst), send('queue', 'Message 0', 'Message 1', 'Message 2')),
  )

  falsify(
    ['queue/nonblocking-receive-is-refused-when-empty'],
    'another process sends before the sender does, to a receiver that does not block',
    () =>
      played(
        queue({ ...receiverFirst, receive: 'nonblocking' }),
        send('queue', 'Message 0', 'Message 1', 'Message 2'),
      ),
  )

  falsify(['queue/unbounded-queue-lies-in-sender'], 'a kernel that counts the same pages for ever', () => {
    procSays(/^\/proc\/\d+\/status$/, (text, path) =>
      path === `/proc/${process.pid}/status` ? text : text?.replace(/^VmRSS:.*/m, 'VmRSS:\t    5000 kB'),
    )
    return played(queue({ capacity: 'unbounded', messages: 4 }), () => {})
  })
})

describe.runIf(process.platform === 'linux')('a rendezvous', () => {
  const one = { capacity: 0, messages: 1 }

  falsify(
    [
      'queue/rendezvous-blocks-lone-sender',
      'queue/blocked-side-continues-when-other-comes',
      'queue/rendezvous-stores-nothing',
    ],
    'another process tells the sender that its message was received',
    () => played(queue(one), send('taken', '')),
  )

  falsify(
    ['queue/blocked-side-continues-when-other-comes', 'queue/rendezvous-stores-nothing'],
    'another process receives the message before the receiver comes, and sends it again later',
    () => {
      const names: string[] = []
      let sender = 0
      return played(
        queue(one),
        (name) => void names.push(name),
        (fact) => {
          if (fact.event === 'evidence')
            sender = Number(/^\/proc\/(\d+)\/stat$/.exec(fact.source)?.[1] ?? sender)
          if (fact.event !== 'claim' || fact.id !== 'queue/rendezvous-blocks-lone-sender') return
          const offer = openQueue(names.find((name) => name.endsWith('-offer'))!, 'both', {
            nonblocking: true,
          })
          const { message } = offer.receive()
          for (const name of names) send('taken', '')(name)
          // Until the sender has returned from its call, and waits for its next word.
          waitWhile(() => !isIn(sender, /^epoll/))
          setTimeout(() => {
            offer.send(message)
            offer.close()
          }, 50)
        },
      )
    },
  )

  falsify(
    ['queue/rendezvous-blocks-lone-receiver'],
    'another process offers a message to the lone receiver',
    () => played(queue({ ...one, ...receiverFirst }), send('offer', 'Message 0')),
  )

  falsify(
    ['queue/rendezvous-refuses-lone-sender'],
    'another process says that it waits for the message, and that it has received it',
    () => played(queue({ ...one, send: 'nonblocking' }), both(send('ready', ''), send('taken', ''))),
  )

  falsify(
    ['queue/rendezvous-refuses-lone-receiver'],
    'another process offers a message to a receiver that does not block',
    () => played(queue({ ...one, ...receiverFirst, receive: 'nonblocking' }), send('offer', 'Message 0')),
  )

  falsify(
    ['queue/rendezvous-needs-a-side-that-waits'],
    'another process offers a message where both sides do not block',
    () =>
      played(
        queue({ ...one, send: 'nonblocking', receive: 'nonblocking' }),
        send('offer', 'another message'),
      ),
  )
})

describe.runIf(process.platform === 'linux')('queue matrix', () => {
  falsify(
    [
      'queue/fast-sender-is-held',
      'queue/fast-sender-is-refused',
      'queue/fast-sender-has-room',
      'queue/fast-receiver-is-held',
      'queue/fast-receiver-is-refused',
    ],
    'another process is the first to send a message, through the bounded queue and through the pipe of the unbounded one',
    () => {
      // A message is as large as the pipe. The descriptor stays open, because the kernel discards what is in a pipe without one.
      const writeFirst: Meddle = (path) => {
        if (!path.startsWith('/') || !path.includes('/run-')) return
        const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
        onTestFinished(() => closeSync(fd))
        writeSync(fd, Buffer.alloc(2 ** 16, '.'))
      }
      return played(
        queueMatrix({ capacity: 2, messages: 3, pause: 1 }),
        both(send('queue', 'another message'), writeFirst),
      )
    },
  )

  falsify(
    ['queue/fast-sender-is-held', 'queue/fast-receiver-is-held'],
    'a kernel that shows the blocked processes in another call',
    () => {
      procSays(/^\/proc\/\d+\/task\/\d+\/syscall$/, (text) => text?.replace(/^\d+/, '1'))
      return played(queueMatrix({ capacity: 2, messages: 3, pause: 1 }), () => {})
    },
  )
})
