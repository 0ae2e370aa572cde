/** Claims about segments and rings that come out false, because another process uses the same memory. */
import { describe, onTestFinished, vi } from 'vitest'
import type { RingProducerConfig } from '../../src/actors/ring-producer.js'
import { shmDemo } from '../../src/demos/shm/demo.js'
import { shmRing } from '../../src/demos/shm/ring.js'
import { shmThreads } from '../../src/demos/shm/threads.js'
import type { Fact } from '../../src/events.js'
import { futexWaiter } from '../../src/ipc/futex.js'
import { HEAD, ringBytes } from '../../src/ipc/shared-ring/layout.js'
import { producerOf } from '../../src/ipc/shared-ring/producer.js'
import { threadWaiter } from '../../src/ipc/shared-ring/waiting.js'
import { attachSegment, makeSegment, removeSegment } from '../../src/ipc/sysv-shm.js'
import { readSegments } from '../../src/proc/sysvipc-shm.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { liars, playedWith } from '../support/impostors.js'
import { meddled } from '../support/meddle.js'
import { perform } from '../support/perform.js'
import { procSays } from '../support/proc-says.js'
import { attachedWhenCreated, withNatives } from '../support/segments.js'
import { waitWhile } from '../support/until.js'

/** The key of a `shm demo` that runs in this process. */
const demoKey = 70_001 + process.pid

const demoSegment = () => readSegments()!.find(({ key }) => key === demoKey)

const isClaim = (fact: Fact, id: string) => fact.event === 'claim' && fact.id === id

/** Writes a message into the ring of a producer that has not been started. */
function writeFirst({ memory }: RingProducerConfig): void {
  // The demo of threads has no segment.
  const producer = producerOf(memory as SharedArrayBuffer, threadWaiter)
  producer.write(Buffer.from('another message'))
  producer.publish()
}

async function played(...[demo, before]: Parameters<typeof meddled>) {
  const { events } = await perform(meddled(demo, before))
  return events
}

describe.runIf(process.platform === 'linux')('shm demo', () => {
  falsify(
    [
      'shm/kernel-counts-attachments',
      'shm/segment-outlives-its-creator',
      'shm/found-by-key',
      'shm/removed-segment-goes-with-last-detach',
    ],
    'another process attaches the segment, writes a text into it, and stays attached',
    () => {
      let attached = false
      return played(shmDemo, (fact) => {
        if (attached || !isClaim(fact, 'shm/kernel-counts-attachments')) return
        attached = true
        const { memory, detach } = attachSegment(demoSegment()!.id, 1024)
        onTestFinished(detach)
        Buffer.from(memory).write('another text\0')
      })
    },
  )

  falsify(
    [
      'shm/segment-does-not-grow',
      'shm/removed-segment-is-not-found',
      'shm/removed-segment-works-while-attached',
    ],
    'another process puts a larger segment in the place of the one that the reader has, and another after its removal',
    () => {
      onTestFinished(() => {
        const left = demoSegment()
        if (left) removeSegment(left.id)
      })
      return played(shmDemo, (fact) => {
        if (isClaim(fact, 'shm/found-by-key')) {
          removeSegment(demoSegment()!.id)
          makeSegment(demoKey, 4096, 0o600)
        }
        if (isClaim(fact, 'shm/removed-segment-loses-its-key')) makeSegment(demoKey, 4096, 0o600)
      })
    },
  )

  falsify(['shm/removed-segment-loses-its-key'], 'a kernel that lists the key of a removed segment', () => {
    // SHM_DEST stands before the permissions: 1600.
    procSays(/^\/proc\/sysvipc\/shm$/, (text) => text?.replaceAll(/^ +\d+( +\d+ +1600 )/gm, `${demoKey}$1`))
    return played(shmDemo)
  })

  falsify(
    ['shm/other-users-segment-is-refused'],
    'a user who may use the segment is taken for another user',
    () => {
      // Segments of other tests may be removed at any time.
      procSays(/^\/proc\/sysvipc\/shm$/, (text) =>
        text
          ?.split('\n')
          .filter((line) => /key|^$/.test(line) || Number(line.trim().split(/\s+/)[0]) === demoKey)
          .join('\n'),
      )
      const uid = process.getuid!()
      return played(shmDemo, (fact) => {
        if (isClaim(fact, 'shm/segment-does-not-grow')) vi.spyOn(process, 'getuid').mockReturnValue(uid + 1)
        if (isClaim(fact, 'shm/other-users-segment-is-refused')) vi.mocked(process.getuid!).mockRestore()
      })
    },
  )
})

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    ['shm/detach-removes-mapping', 'shm/detached-memory-is-invalid'],
    'a program that does not detach the segment',
    () =>
      playedWith({ XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler('s/shmdt(memory)/0/') }, [
        'shm',
        'demo',
      ]),
  )

  falsify(['shm/detached-memory-is-invalid'], 'a program that does not read from the address', () =>
    playedWith(
      { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler('s/(volatile char .)memory/"x"/') },
      ['shm', 'demo'],
    ),
  )
})

describe.runIf(process.platform === 'linux')('rings and threads', () => {
  falsify(
    [
      'shm/ring-consumer-sleeps-when-empty',
      'shm/several-processes-attach-one-segment',
      'shm/ring-keeps-messages-in-order',
    ],
    'a consumer that looks every 2 ms instead of waiting, and another process that writes a message into the ring',
    () => {
      const lie = withNatives(`(prototype, native, library) => {
  const sleep = library.func('int usleep(uint32_t microseconds)')
  return prototype.includes(' syscall(') ? () => sleep(2000) : native
}`)
      vi.stubEnv('NODE_OPTIONS', liars({ 'ring-consumer': lie }).NODE_OPTIONS)
      const other = attachedWhenCreated(ringBytes(1024))
      return played(shmRing({ messages: 10, size: 32 }), (fact) => {
        other.look(fact)
        if (!isClaim(fact, 'shm/several-processes-attach-one-segment')) return
        const { memory, address } = other.attached()
        const producer = producerOf(memory, futexWaiter(address))
        // As long as a message of the demo: the producer of the demo begins at the place where this one does, or after it.
        producer.write(Buffer.from('another message'.padEnd(32, '.')))
        producer.publish()
        // Until it is read: the producer of the demo may write over it.
        waitWhile(() => Atomics.load(new Int32Array(memory), HEAD) === 0)
      })
    },
  )

  falsify(
    [
      'shm/ring-consumer-sleeps-when-empty',
      'thread/shares-memory-of-its-process',
      'shm/ring-keeps-messages-in-order',
    ],
    'a kernel that counts a thread as a process and shows it in another call, and a thread that writes into the ring',
    () => {
      procSays(/^\/proc\/\d+\/task\/\d+\/(status|syscall)$/, (text, path) =>
        path.endsWith('status')
          ? text?.replace(/^Tgid:\t\d+/m, `Tgid:\t${path.split('/')[4]}`)
          : text?.replace(/^\d+/, '0'),
      )
      return played((stage) =>
        shmThreads({ workers: 2, times: 250_000, messages: 3 })({
          ...stage,
          startThread(spec) {
            // The program decides the type.
            if (spec.program === 'ring-producer') writeFirst(spec.config as RingProducerConfig)
            return stage.startThread(spec)
          },
        }),
      )
    },
  )
})
