/** The commands of `osdemo shm`. */
import { also, files, type Group } from '../lib/entry.js'

const topic = 'shared memory'

const cpus = 'lost updates may not show'

const noNames = 'it works without --name only'

const noDetach = 'it does not show that memory is invalid after a detach'

export const shmCommands: Group = {
  summary: 'shared memory',
  default: 'threads',
  members: {
    threads: {
      summary: 'threads share memory: a ring buffer of messages, and a counter that loses updates',
      needs: { must: ['proc', 'threads'], better: { cpus, ...files } },
      chapter: {
        topic,
        title: 'threads that share memory',
        heart: [
          'thread/shares-memory-of-its-process',
          'shm/ring-consumer-sleeps-when-empty',
          'shm/plain-add-loses-updates',
          'shm/atomic-add-loses-no-updates',
        ],
      },
      questions: async () => (await import('../../demos/shm/questions.js')).threads,
      killLines: ['', '--times 3000000'],
      load: () => import('./threads.js'),
    },
    demo: {
      summary: 'a segment outlives its creator and is removed while processes are attached',
      needs: {
        must: ['segments'],
        better: { proc: noDetach, compiler: noDetach, ...files },
        also,
      },
      chapter: {
        topic,
        title: 'the life of a segment',
        heart: [
          'shm/segment-outlives-its-creator',
          'shm/found-by-key',
          'shm/detached-memory-is-invalid',
          'shm/removed-segment-loses-its-key',
          'shm/removed-segment-works-while-attached',
          'shm/removed-segment-goes-with-last-detach',
        ],
      },
      questions: async () => (await import('../../demos/shm/questions.js')).demo,
      killLines: [''],
      demo: async () => (await import('../../demos/shm/demo.js')).shmDemo,
    },
    race: {
      summary: 'processes count in one segment: plainly, atomically, and with a lock whose holder is killed',
      needs: { must: ['proc', 'segments'], better: { cpus, ...files }, also },
      chapter: {
        topic,
        title: 'lost updates and locks',
        heart: [
          'shm/plain-add-loses-updates',
          'shm/atomic-add-loses-no-updates',
          'lock/prevents-lost-updates',
          'lock/waiter-sleeps-in-futex',
          'lock/waiting-costs-no-cpu-time',
          'lock/owner-death-is-reported',
        ],
      },
      questions: async () => (await import('../../demos/shm/questions.js')).race,
      killLines: ['', '--times 5000000'],
      load: () => import('./race.js'),
    },
    ring: {
      summary: 'a producer and a consumer process share a ring buffer in a segment',
      needs: {
        must: ['proc', 'segments'],
        better: { waits: 'it does not show that the consumer is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'a ring in a segment',
        heart: [
          'shm/several-processes-attach-one-segment',
          'shm/ring-consumer-sleeps-when-empty',
          'shm/ring-keeps-messages-in-order',
        ],
      },
      questions: async () => (await import('../../demos/shm/questions.js')).ring,
      killLines: ['', '--messages 1000000000'],
      load: () => import('./ring.js'),
    },
    posix: {
      summary: 'processes map one file in memory, shared and private, and its name is removed while they do',
      needs: {
        must: ['proc', 'objects'],
        better: files,
        also,
      },
      chapter: {
        topic,
        title: 'mapped memory',
        heart: [
          'shm/processes-map-one-object',
          'shm/mapped-pages-are-shared',
          'shm/private-write-stays-in-process',
          'shm/unlinked-object-works-while-mapped',
          'mapping/read-returns-stores',
        ],
      },
      questions: async () => (await import('../../demos/shm/questions.js')).posix,
      killLines: [''],
      demo: async () => (await import('../../demos/shm/posix.js')).shmPosix,
    },
    write: {
      summary: 'write a text into shared memory: a System V segment, or POSIX with --name',
      needs: { must: ['segments'], better: { objects: noNames, ...files }, also },
      killLines: ['x --key KEY --hold', 'x --key KEY --hold --json', 'x --name NAME --hold'],
      load: () => import('./write.js'),
    },
    read: {
      summary: 'read the text in shared memory',
      needs: { must: ['segments'], better: { objects: noNames, ...files }, also },
      killLines: [''],
      load: () => import('./read.js'),
    },
    list: {
      summary: 'list the System V segments and the POSIX shared memory of this machine',
      needs: { must: ['segments'], better: { objects: 'it lists no POSIX shared memory', ...files }, also },
      killLines: [''],
      load: () => import('./list.js'),
    },
    remove: {
      summary: 'remove a System V segment or POSIX shared memory',
      needs: { must: ['segments'], better: { objects: noNames, ...files }, also },
      killLines: ['--key KEY'],
      load: () => import('./remove.js'),
    },
  },
}
