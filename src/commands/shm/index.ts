/** The commands of `osdemo shm`. */
import { also, files, type Group } from '../lib/entry.js'

const cpus = 'a lost update may not show'

export const shmCommands: Group = {
  summary: 'shared memory',
  default: 'threads',
  members: {
    threads: {
      summary: 'worker threads share memory: a ring of messages, and a counter that loses updates',
      needs: { must: ['proc', 'threads'], better: { cpus, ...files } },
      chapter: {},
      killLines: ['', '--times 3000000'],
      load: () => import('./threads.js'),
    },
    demo: {
      summary: 'a segment that outlives its creator, and what it means to remove it',
      needs: { must: ['segments'], better: files, also },
      chapter: {},
      killLines: [''],
      demo: async () => (await import('../../demos/shm/demo.js')).shmDemo,
    },
    race: {
      summary: 'processes count in one segment: plainly, atomically, and under a lock whose holder is killed',
      needs: { must: ['proc', 'segments'], better: { cpus, ...files }, also },
      chapter: {},
      killLines: ['', '--times 5000000'],
      load: () => import('./race.js'),
    },
    ring: {
      summary: 'a producer and a consumer process over one ring in a segment',
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
      summary: 'every System V segment of this machine, as the kernel lists it',
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
