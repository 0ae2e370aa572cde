/** The commands of `osdemo process`. */
import { also, files, type Group } from '../lib/entry.js'

export const processCommands: Group = {
  summary: 'the life of a process: memory, states, scheduling, family, end',
  examples: ['osdemo process layout', 'osdemo process states', 'osdemo process zombie'],
  members: {
    layout: {
      summary: 'text, data, bss, heap, stack and what else lies in the memory of a live process',
      needs: { must: ['proc'], better: files, also },
      chapter: {},
      killLines: ['', '--grow', '-- cat', '-- sleep 60'],
      load: () => import('./layout.js'),
    },
    states: {
      summary: 'a child process driven through every state that the kernel has for it',
      needs: {
        must: ['proc', 'scheduler'],
        better: { waits: 'that the child waits is not shown', ...files },
        also,
      },
      chapter: {},
      killLines: [''],
      demo: async () => (await import('../../demos/process/states.js')).processStates,
    },
    schedule: {
      summary: 'busy processes share one CPU: which runs when, and what a nice value is worth',
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
        better: { cpus: 'a switch is measured on one CPU only', ...files },
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
      summary: 'a process that has exited and that no process has reaped',
      needs: { must: ['proc', 'shell'], better: files, also },
      chapter: {
        demo: async () => (await import('../../demos/process/zombie.js')).processZombie(0),
      },
      killLines: [''],
      demo: async () => (await import('../../demos/process/zombie.js')).processZombie(),
    },
    orphan: {
      summary: 'a process whose parent has exited, and which process adopts it',
      needs: { must: ['proc', 'shell'], better: files, also },
      chapter: {
        demo: async () => (await import('../../demos/process/orphan.js')).processOrphan(0),
      },
      killLines: [''],
      demo: async () => (await import('../../demos/process/orphan.js')).processOrphan(),
    },
    fork: {
      summary: 'what parent and child share after fork(2), and what each has for itself',
      needs: { must: ['proc', 'compiler', 'segments'], better: files, also },
      chapter: {},
      killLines: [''],
      demo: async () => (await import('../../demos/process/fork.js')).processFork,
    },
  },
}
