/** The commands of `osdemo process`. */
import { also, files, type Group } from '../lib/entry.js'

const topic = 'processes'

export const processCommands: Group = {
  summary: 'the life of a process: memory, states, scheduling, family, exit',
  examples: ['osdemo process layout', 'osdemo process states', 'osdemo process zombie'],
  members: {
    layout: {
      summary: 'the address space of a live process: text, data, bss, heap, mappings, stack',
      needs: { must: ['proc'], better: files, also },
      chapter: {
        topic,
        title: 'the memory of a process',
        heart: ['memory/text-is-executable-not-writable', 'memory/data-is-writable-not-executable'],
        picture: 'memory',
      },
      questions: async () => (await import('../../demos/process/questions.js')).layout,
      killLines: ['', '--grow', '-- cat', '-- sleep 60'],
      load: () => import('./layout.js'),
    },
    isolation: {
      summary:
        'one program as two processes: what each finds at the same address, and what a wrong pointer does',
      // It needs the same right to read the memory of a child.
      needs: { must: ['proc', 'compiler', 'waits'], better: files, also },
      chapter: {
        topic,
        title: 'isolation',
        heart: [
          'isolation/same-address-has-different-content',
          'isolation/reading-needs-a-right',
          'isolation/wrong-pointer-kills-its-process',
          'isolation/other-process-continues',
        ],
      },
      questions: async () => (await import('../../demos/process/questions.js')).isolation,
      killLines: [''],
      demo: async () => (await import('../../demos/process/isolation.js')).processIsolation,
    },
    states: {
      summary: 'a child process passes through every state: new, ready, running, waiting, stopped, zombie',
      needs: {
        must: ['proc', 'scheduler'],
        better: {
          waits: 'it does not show in which system call the child is blocked',
          tracing: 'it does not show the child before its first instruction',
          ...files,
        },
        also,
      },
      chapter: {
        topic,
        title: 'process states',
        heart: [
          'process/new-has-executed-nothing',
          'process/idle-process-sleeps-in-kernel',
          'process/woken-process-is-ready-first',
          'process/state-r-means-running-or-ready',
          'process/exit-terminates-it',
          'zombie/killed-process-becomes-one',
        ],
        picture: 'states',
      },
      questions: async () => (await import('../../demos/process/questions.js')).states,
      killLines: [''],
      demo: async () => (await import('../../demos/process/states.js')).processStates,
    },
    schedule: {
      summary: 'busy processes share one CPU: which runs when, and what share a nice value gives',
      needs: { must: ['proc', 'scheduler'], better: files, also },
      chapter: {
        topic,
        title: 'scheduling',
        heart: ['scheduler/one-cpu-runs-one-at-a-time', 'scheduler/weights-predict-shares'],
        picture: 'states',
        demo: async () =>
          (await import('../../demos/process/schedule.js')).processSchedule({ sample: 30, patience: 2000 }),
      },
      questions: async () => (await import('../../demos/process/questions.js')).schedule,
      killLines: ['', '--nice 0,19', '--processes 16'],
      load: () => import('./schedule.js'),
    },
    switch: {
      summary:
        'context switches: how many a process makes, what a switch saves and restores, and what it costs',
      needs: {
        must: ['proc', 'scheduler', 'fifo'],
        better: {
          cpus: 'it measures a context switch on one CPU only',
          compiler: 'it does not show that a switch restores the registers',
          tracing: 'it does not show the registers of a stopped process',
          ...files,
        },
        also,
      },
      chapter: {
        topic,
        title: 'context switches',
        heart: [
          'scheduler/waiting-switches-voluntarily',
          'scheduler/computing-is-preempted',
          'scheduler/kernel-keeps-program-counter',
          'scheduler/switch-restores-registers',
          'scheduler/round-trip-takes-a-switch-each',
        ],
        demo: async () =>
          (await import('../../demos/process/switch.js')).processSwitch({ times: 300, patience: 200 }),
      },
      questions: async () => (await import('../../demos/process/questions.js')).contextSwitch,
      killLines: [''],
      demo: async () => (await import('../../demos/process/switch.js')).processSwitch(),
    },
    tree: {
      summary: 'the ancestors of a process up to pid 1, and its descendants',
      needs: {
        must: ['proc', 'shell'],
        better: { users: 'its chain stops at the first process that /proc hides', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'the process tree',
        heart: [
          'process/ancestry-ends-at-pid-1',
          'process/parent-is-who-started-it',
          'process/kernel-lists-all-descendants',
        ],
        picture: 'tree',
      },
      questions: async () => (await import('../../demos/process/questions.js')).tree,
      killLines: ['', '1'],
      load: () => import('./tree.js'),
    },
    zombie: {
      summary: 'a process that has exited but has not been reaped',
      needs: { must: ['proc', 'shell'], better: files, also },
      chapter: {
        topic,
        title: 'zombie processes',
        heart: [
          'zombie/exited-process-becomes-one',
          'zombie/has-no-memory-or-files',
          'zombie/keeps-its-pid',
          'zombie/sigkill-does-not-remove-it',
          'zombie/parent-gets-exit-code',
          'zombie/is-gone-when-reaped',
        ],
        demo: async () => (await import('../../demos/process/zombie.js')).processZombie(0),
      },
      questions: async () => (await import('../../demos/process/questions.js')).zombie,
      killLines: [''],
      demo: async () => (await import('../../demos/process/zombie.js')).processZombie(),
    },
    orphan: {
      summary: 'a process whose parent has died, and which process adopts it',
      needs: {
        must: ['proc', 'shell'],
        better: { users: 'it does not show whether the adopter is an ancestor', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'orphan processes',
        heart: [
          'process/parent-is-who-started-it',
          'orphan/is-adopted',
          'orphan/adopter-is-an-ancestor',
          'orphan/continues',
        ],
        demo: async () => (await import('../../demos/process/orphan.js')).processOrphan(0),
      },
      questions: async () => (await import('../../demos/process/questions.js')).orphan,
      killLines: [''],
      demo: async () => (await import('../../demos/process/orphan.js')).processOrphan(),
    },
    fork: {
      summary: 'which memory parent and child share after fork(2), and which not',
      needs: { must: ['proc', 'compiler', 'segments'], better: files, also },
      chapter: {
        topic,
        title: 'fork',
        heart: [
          'fork/addresses-are-the-same',
          'fork/copies-page-on-write',
          'fork/private-memory-is-separate',
          'fork/shared-memory-is-shared',
          'fork/file-offset-is-shared',
        ],
      },
      questions: async () => (await import('../../demos/process/questions.js')).fork,
      killLines: [''],
      demo: async () => (await import('../../demos/process/fork.js')).processFork,
    },
    exec: {
      summary: 'what a process keeps when it executes another program, and what execve(2) replaces',
      needs: { must: ['proc', 'compiler'], better: files, also },
      chapter: {
        topic,
        title: 'exec',
        heart: [
          'exec/keeps-pid',
          'exec/replaces-memory',
          'exec/keeps-descriptors',
          'exec/closes-close-on-exec',
          'exec/resets-handlers',
          'exec/keeps-ignored-signals',
        ],
        picture: 'table',
      },
      questions: async () => (await import('../../demos/process/questions.js')).exec,
      killLines: [''],
      demo: async () => (await import('../../demos/process/exec.js')).processExec,
    },
    exit: {
      summary: 'how a process exits: the status for wait(2), and why a buffer is written twice after fork(2)',
      needs: { must: ['proc', 'compiler'], better: files, also },
      chapter: {
        topic,
        title: 'exit',
        heart: [
          'exit/code-is-in-the-high-byte',
          'exit/signal-is-in-the-low-bits',
          'exit/quick-exit-loses-the-buffer',
          'exit/fork-copies-the-buffer',
          'exit/flush-before-fork',
          'exit/terminal-is-written-line-by-line',
        ],
      },
      questions: async () => (await import('../../demos/process/questions.js')).exit,
      killLines: [''],
      demo: async () => (await import('../../demos/process/exit.js')).processExit,
    },
  },
}
