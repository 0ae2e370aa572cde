/** The commands of `osdemo lock`. */
import { also, files, type Group } from '../lib/entry.js'

export const lockCommands: Group = {
  summary: 'file locks: shared and exclusive, which process waits, and when a lock is lost',
  examples: ['osdemo lock demo', 'osdemo lock hold FILE'],
  members: {
    demo: {
      summary: 'the three kinds of file locks: waiting, fork, close, deadlock',
      needs: { must: ['proc', 'compiler'], better: files, also },
      chapter: {
        topic: 'file locks',
        title: 'file locks',
        heart: [
          'lock/shared-locks-coexist',
          'lock/exclusive-lock-waits',
          'lock/locks-are-advisory',
          'lock/any-close-releases-record-locks',
          'lock/kernel-refuses-record-deadlock',
        ],
      },
      questions: async () => (await import('../../demos/lock/questions.js')).demo,
      killLines: [''],
      demo: async () => (await import('../../demos/lock/demo.js')).lockDemo,
    },
    hold: {
      summary: 'hold a lock of a file until Ctrl-C',
      needs: { must: ['compiler'], better: files, also },
      killLines: ['/etc/passwd --shared', '/etc/passwd --shared --kind ofd'],
      load: () => import('./hold.js'),
    },
  },
}
