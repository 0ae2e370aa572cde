/** The commands of `osdemo queue`. */
import { also, files, type Group } from '../lib/entry.js'

const topic = 'message passing'

const waits = 'it does not show that a side is blocked'

const sysvQueues = '--kind sysv does not work'

export const queueCommands: Group = {
  summary: 'message passing: blocking and nonblocking calls; capacity 0, bounded and unbounded',
  default: 'demo',
  members: {
    demo: {
      summary: 'a sender and a receiver process share a queue: capacity 0, bounded or unbounded',
      needs: {
        must: ['proc', 'queues'],
        better: { fifo: '--capacity unbounded does not work', sysvQueues, waits, ...files },
        also,
      },
      chapter: {
        topic,
        title: 'a bounded queue',
        heart: [
          'queue/sender-blocks-when-full',
          'queue/blocked-side-continues-when-other-comes',
          'queue/holds-at-most-its-capacity',
          'queue/messages-arrive-in-order',
        ],
        demo: async () =>
          (await import('../../demos/queue/demo.js')).queueDemo({
            capacity: 4,
            send: 'blocking',
            receive: 'blocking',
            messages: 8,
            sendEvery: 0,
            receiveEvery: 20,
            limit: 2 ** 26,
          }),
      },
      questions: async () => (await import('../../demos/queue/questions.js')).demo,
      killLines: [
        '',
        '--capacity 0 --messages 100',
        '--capacity unbounded --receive-every 1s',
        '--receive-every 1m',
        '--kind sysv',
      ],
      variant: {
        option: '--kind sysv',
        summary: 'messages with types in a System V queue: which one a receive takes, and when a call blocks',
        chapter: {
          topic,
          title: 'message types',
          heart: [
            'queue/type-takes-first-of-type',
            'queue/negative-type-takes-lowest',
            'queue/bytes-are-bounded',
            'queue/receiver-waits-for-its-type',
            'queue/removal-wakes-receiver',
          ],
          demo: async () => (await import('../../demos/queue/sysv/demo.js')).sysvQueueDemo,
        },
        questions: async () => (await import('../../demos/queue/questions.js')).sysv,
      },
      load: () => import('./demo.js'),
    },
    matrix: {
      summary: 'all twelve combinations of send, receive and capacity, in a table',
      needs: { must: ['proc', 'queues', 'fifo'], better: { waits, ...files }, also },
      chapter: {
        topic,
        title: 'blocking, nonblocking and capacity',
        heart: [
          'queue/fast-sender-is-held',
          'queue/fast-sender-is-refused',
          'queue/fast-sender-has-room',
          'queue/rendezvous-needs-a-side-that-waits',
        ],
        picture: 'table',
        demo: async () =>
          (await import('../../demos/queue/matrix.js')).queueMatrix({ capacity: 4, messages: 5, pause: 5 }),
      },
      questions: async () => (await import('../../demos/queue/questions.js')).matrix,
      killLines: [''],
      demo: async () =>
        (await import('../../demos/queue/matrix.js')).queueMatrix({ capacity: 4, messages: 6, pause: 15 }),
    },
    send: {
      summary: 'send messages to a message queue, POSIX or System V',
      needs: { must: ['queues'], better: { sysvQueues, ...files }, also },
      killLines: [
        'a b --name NAME',
        '--name NAME --json a b c d e f g h i j k l m n o p',
        'a b --kind sysv --key KEY',
      ],
      load: () => import('./send.js'),
    },
    receive: {
      summary: 'receive messages from a message queue, POSIX or System V',
      needs: { must: ['queues'], better: { sysvQueues, ...files }, also },
      killLines: ['--name NAME', '--kind sysv --key KEY --type 3'],
      load: () => import('./receive.js'),
    },
    list: {
      summary: 'list the message queues, and how full they are',
      needs: { must: ['queues'], better: files, also },
      killLines: [''],
      load: () => import('./list.js'),
    },
    remove: {
      summary: 'remove a message queue, POSIX or System V',
      needs: { must: ['queues'], better: { sysvQueues, ...files }, also },
      killLines: ['--name NAME', '--kind sysv --key KEY'],
      load: () => import('./remove.js'),
    },
  },
}
