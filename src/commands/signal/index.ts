/** The commands of `osdemo signal`. */
import { also, files, type Group } from '../lib/entry.js'

export const signalCommands: Group = {
  summary: 'signals: default action, handler, ignored, blocked and pending',
  examples: ['osdemo signal demo', 'osdemo signal wait'],
  members: {
    demo: {
      summary: 'what a signal does: default action, handler, blocked and pending, EINTR, SIGCHLD',
      needs: { must: ['proc', 'compiler'], better: files, also },
      chapter: {
        topic: 'signals',
        title: 'signals',
        heart: [
          'signal/default-action-terminates',
          'signal/blocked-stays-pending',
          'signal/standard-signals-merge',
          'signal/real-time-signals-queue',
          'signal/handler-interrupts-slow-call',
          'signal/one-wait-leaves-zombies',
        ],
      },
      questions: async () => (await import('../../demos/signal/questions.js')).demo,
      killLines: [''],
      demo: async () => (await import('../../demos/signal/demo.js')).signalDemo,
    },
    wait: {
      summary: 'wait for signals, and print which process sent each',
      needs: { must: ['compiler'], better: files, also },
      killLines: ['', '--count 2'],
      load: () => import('./wait.js'),
    },
  },
}
