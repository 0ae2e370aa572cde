/** The commands of `osdemo shm`. */
import { also, files, type Group } from '../lib/entry.js'

const cpus = 'lost updates may not show'

export const shmCommands: Group = {
  summary: 'shared memory',
  default: 'threads',
  members: {
    threads: {
      summary: 'threads share memory: a ring buffer of messages, and a counter that loses updates',
      needs: { must: ['proc', 'threads'], better: { cpus, ...files } },
      chapter: {},
      killLines: ['', '--times 3000000'],
      load: () => import('./threads.js'),
    },
    demo: {
      summary: 'a segment outlives its creator and is removed while processes are attached',
      needs: { must: ['segments'], better: files, also },
      chapter: {},
      killLines: [''],
      demo: async () => (await import('../../demos/shm/demo.js')).shmDemo,
    },
    race: {
      summary: 'processes count in one segment: plainly, atomically, and with a lock whose holder is killed',
      needs: { must: ['proc', 'segments'], better: { cpus, ...files }, also },
      chapter: {},
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
      chapter: {},
      killLines: ['', '--messages 1000000000'],
      load: () => import('./ring.js'),
    },
    write: {
      summary: 'write a text into a System V segment',
      needs: { must: ['segments'], better: files, also },
      killLines: ['x --key KEY --hold', 'x --key KEY --hold --json'],
      load: () => import('./write.js'),
    },
    read: {
      summary: 'read the text in a System V segment',
      needs: { must: ['segments'], better: files, also },
      killLines: [''],
      load: () => import('./read.js'),
    },
    list: {
      summary: 'list the System V segments of this machine',
      needs: { must: ['segments'], better: files, also },
      killLines: [''],
      load: () => import('./list.js'),
    },
    remove: {
      summary: 'remove a System V segment',
      needs: { must: ['segments'], better: files, also },
      killLines: ['--key KEY'],
      load: () => import('./remove.js'),
    },
  },
}
