/** The commands of `osdemo semaphore`. */
import { also, files, type Group } from '../lib/entry.js'

const topic = 'semaphores'

export const semaphoreCommands: Group = {
  summary: 'semaphores: which process waits, and what happens when its holder is killed',
  examples: ['osdemo semaphore demo', 'osdemo semaphore wait', 'osdemo semaphore post'],
  members: {
    demo: {
      summary: 'four processes share two places: waiting, SEM_UNDO, and a removal while one waits',
      needs: {
        must: ['proc', 'semaphores'],
        better: { waits: 'it does not show that a process is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'semaphores',
        heart: [
          'semaphore/admits-its-value',
          'semaphore/waiting-costs-no-cpu-time',
          'semaphore/post-admits-one',
          'semaphore/undo-gives-back',
          'semaphore/value-is-lost-without-undo',
          'semaphore/removal-ends-the-wait',
        ],
      },
      questions: async () => (await import('../../demos/semaphore/questions.js')).demo,
      killLines: [''],
      demo: async () => (await import('../../demos/semaphore/demo.js')).semaphoreDemo,
    },
    wait: {
      summary: 'take 1 from a semaphore, and wait while its value is 0',
      needs: { must: ['proc', 'semaphores'], better: files, also },
      killLines: ['--key KEY', '--name NAME'],
      load: () => import('./wait.js'),
    },
    post: {
      summary: 'add 1 to a semaphore, so that a process that waits for it continues',
      needs: { must: ['proc', 'semaphores'], better: files, also },
      // It fails: a semaphore that it posts to stays, as it should.
      killLines: ['--name jobs'],
      load: () => import('./post.js'),
    },
    list: {
      summary: 'list the semaphores of this machine: System V and POSIX',
      needs: { must: ['proc', 'semaphores'], better: files, also },
      killLines: [''],
      load: () => import('./list.js'),
    },
    remove: {
      summary: 'remove a semaphore',
      needs: { must: ['proc', 'semaphores'], better: files, also },
      killLines: ['--key KEY', '--name NAME'],
      load: () => import('./remove.js'),
    },
    buffer: {
      summary: 'the bounded buffer: producers and consumers over shared memory, and two classic mistakes',
      needs: {
        must: ['proc', 'compiler', 'semaphores', 'segments'],
        better: { waits: 'it does not show what `osdemo why` finds', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'the bounded buffer',
        heart: [
          'buffer/full-buffer-blocks-producer',
          'buffer/values-add-up',
          'buffer/order-is-kept',
          'buffer/mutex-first-deadlocks',
          'buffer/if-takes-from-empty-buffer',
          'buffer/while-tests-again',
        ],
      },
      questions: async () => (await import('../../demos/semaphore/questions.js')).buffer,
      killLines: [''],
      demo: async () => (await import('../../demos/semaphore/buffer.js')).semaphoreBuffer,
    },
    philosophers: {
      summary: 'the dining philosophers: five processes deadlock, and an order of the locks prevents that',
      needs: {
        must: ['proc', 'compiler', 'semaphores'],
        better: { waits: 'it does not show which process waits for which', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'the dining philosophers',
        heart: [
          'philosophers/mutual-exclusion',
          'philosophers/hold-and-wait',
          'philosophers/no-preemption',
          'philosophers/circular-wait',
          'philosophers/order-prevents-the-circle',
        ],
      },
      questions: async () => (await import('../../demos/semaphore/questions.js')).philosophers,
      killLines: [''],
      demo: async () => (await import('../../demos/semaphore/philosophers.js')).semaphorePhilosophers,
    },
  },
}
