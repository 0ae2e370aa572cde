/** The commands of `osdemo process`. */
import { also, files, type Group } from '../lib/entry.js'

export const processCommands: Group = {
  summary: 'the life of a process: memory, states, scheduling, family, exit',
  examples: ['osdemo process layout', 'osdemo process states', 'osdemo process zombie'],
  members: {
    layout: {
      summary: 'the address space of a live process: text, data, bss, heap, mappings, stack',
      needs: { must: ['proc'], better: files, also },
      chapter: {},
      killLines: ['', '--grow', '-- cat', '-- sleep 60'],
      load: () => import('./layout.js'),
    },
    states: {
      summary: 'a child process passes through every state: ready, running, waiting, stopped, zombie',
      needs: {
        must: ['proc', 'scheduler'],
        better: { waits: 'it does not show in which system call the child is blocked', ...files },
        also,
      },
      chapter: {},
      killLines: [''],
      demo: async () => (await import('../../demos/process/states.js')).processStates,
    },
    schedule: {
      summary: 'busy processes share one CPU: which runs when, and what share a nice value gives',
      needs: { must: ['proc', 'scheduler'], better: files, also },
      chapter: {
        demo: async () =>
          (await import('../../demos/process/schedule.js')).processSchedule({ sample: 30, patience: 2000 }),
      },
      killLines: ['', '--nice 0,19', '--processes 16'],
      load: () => import('./schedule.js'),
    },
    switch: {
      summary: 'context switches: how many a process makes, and what one costs',
      needs: {
        must: ['proc', 'scheduler', 'fifo'],
        better: { cpus: 'it measures a context switch on one CPU only', ...files },
        also,
      },
      chapter: {
        demo: async () =>
          (await import('../../demos/process/switch.js')).processSwitch({ times: 300, patience: 200 }),
      },
      killLines: [''],
      demo: async () => (await import('../../demos/process/switch.js')).processSwitch(),
    },
    tree: {
      summary: 'the ancestors of a process up to pid 1, and its descendants',
      needs: { must: ['proc', 'shell'], better: files, also },
      chapter: {},
      killLines: ['', '1'],
      load: () => import('./tree.js'),
    },
    zombie: {
      summary: 'a process that has exited but has not been reaped',
      needs: { must: ['proc', 'shell'], better: files, also },
      chapter: {
        demo: async () => (await import('../../demos/process/zombie.js')).processZombie(0),
      },
      killLines: [''],
      demo: async () => (await import('../../demos/process/zombie.js')).processZombie(),
    },
    orphan: {
      summary: 'a process whose parent has died, and which process adopts it',
      needs: { must: ['proc', 'shell'], better: files, also },
      chapter: {
        demo: async () => (await import('../../demos/process/orphan.js')).processOrphan(0),
      },
      killLines: [''],
      demo: async () => (await import('../../demos/process/orphan.js')).processOrphan(),
    },
    fork: {
      summary: 'which memory parent and child share after fork(2), and which not',
      needs: { must: ['proc', 'compiler', 'segments'], better: files, also },
      chapter: {},
      killLines: [''],
      demo: async () => (await import('../../demos/process/fork.js')).processFork,
    },
  },
}
