/** The commands of `osdemo pipe`. */
import { also, files, type Group } from '../lib/entry.js'

const topic = 'pipes'

/** Without mkfifo(1), the two tools still work. */
const fifo = 'only a FIFO that exists already can be used, with --path'

export const pipeCommands: Group = {
  summary: 'pipes: named ones for two terminals, and demos of both kinds',
  examples: ['osdemo pipe read', 'osdemo pipe write hello', 'osdemo pipe demo'],
  members: {
    read: {
      summary: 'read messages from a named pipe',
      needs: { must: ['reopen'], better: { fifo, ...files }, also },
      killLines: ['', '--follow', '--path p', '--save run.ndjson'],
      load: () => import('./read.js'),
    },
    write: {
      summary: 'write messages, or stdin, to a named pipe',
      needs: { must: ['reopen'], better: { fifo, ...files }, also },
      killLines: ['', '--path p --interval 50ms --count 100', 'a b'],
      load: () => import('./write.js'),
    },
    demo: {
      summary: 'a reader and a writer of one FIFO, observed through /proc',
      needs: {
        must: ['proc', 'fifo'],
        better: { waits: 'it does not show that the reader is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'named pipes',
        heart: [
          'fifo/reader-blocks-in-open',
          'fifo/both-ends-open-one-inode',
          'pipe/messages-arrive-in-order',
          'pipe/end-of-file-after-last-writer',
        ],
      },
      questions: async () => (await import('../../demos/pipe/questions.js')).demo,
      killLines: ['', '--json', '--save run.svg --save run.html'],
      demo: async () => (await import('../../demos/pipe/demo.js')).pipeDemo,
    },
    anonymous: {
      summary:
        'a parent and its children over an anonymous pipe: which has which end open, and when end of file comes',
      needs: {
        must: ['proc', 'compiler'],
        better: { waits: 'it does not show that the reader is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'anonymous pipes',
        heart: [
          'anonymous/children-inherit-both-ends',
          'anonymous/open-write-end-prevents-end-of-file',
          'anonymous/end-of-file-after-last-write-end',
        ],
      },
      questions: async () => (await import('../../demos/pipe/questions.js')).anonymous,
      killLines: [''],
      demo: async () => (await import('../../demos/pipe/anonymous.js')).pipeAnonymous,
    },
    pipeline: {
      summary: 'a shell pipeline, built step by step: pipe(2), fork(2), dup2(2), close(2), execve(2)',
      needs: { must: ['proc', 'compiler'], better: files, also },
      chapter: {
        topic,
        title: 'a pipeline of the shell',
        heart: [
          'pipeline/stdout-and-stdin-are-one-pipe',
          'pipeline/no-other-end-stays-open',
          'pipeline/execve-keeps-descriptors',
          'pipeline/sigpipe-kills-a-writer-without-reader',
        ],
      },
      questions: async () => (await import('../../demos/pipe/questions.js')).pipeline,
      killLines: ['', '-- sleep 9'],
      load: () => import('./pipeline.js'),
    },
    atomic: {
      summary: 'several writers at once: messages up to PIPE_BUF stay whole, longer ones may be torn',
      needs: { must: ['proc', 'fifo'], better: files, also },
      chapter: {
        topic,
        title: 'atomic writes',
        heart: ['pipe/short-writes-are-atomic', 'pipe/long-writes-may-be-torn'],
      },
      questions: async () => (await import('../../demos/pipe/questions.js')).atomic,
      killLines: [''],
      demo: async () => (await import('../../demos/pipe/atomic.js')).pipeAtomic({ burst: 2 ** 18 }),
    },
    capacity: {
      summary: 'fill a pipe until EAGAIN, and compare with what the kernel reports',
      needs: {
        must: ['proc', 'fifo', 'pipeRoom'],
        better: { waits: 'it does not show that a writer is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'the capacity of a pipe',
        heart: [
          'pipe/holds-its-capacity',
          'pipe/partly-read-page-gives-no-room',
          'pipe/wholly-read-page-gives-room',
          'pipe/writer-blocks-when-full',
          'pipe/small-writes-fill-it',
        ],
        demo: async () => (await import('../../demos/pipe/capacity.js')).pipeCapacity({ brief: true }),
      },
      questions: async () => (await import('../../demos/pipe/questions.js')).capacity,
      killLines: [''],
      demo: async () => (await import('../../demos/pipe/capacity.js')).pipeCapacity({ brief: false }),
    },
    'half-duplex': {
      summary: 'one FIFO carries a dialogue only in turns; two carry any',
      needs: {
        must: ['proc', 'fifo'],
        better: { waits: 'it does not show that a reader is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'one direction at a time',
        heart: [
          'pipe/turns-carry-both-directions',
          'pipe/writer-may-read-its-own-message',
          'pipe/reader-blocks-when-empty',
          'pipe/two-pipes-carry-two-directions',
        ],
      },
      questions: async () => (await import('../../demos/pipe/questions.js')).halfDuplex,
      killLines: [''],
      demo: async () => (await import('../../demos/pipe/half-duplex.js')).pipeHalfDuplex,
    },
    'one-machine': {
      summary: 'a FIFO connects processes of one kernel, also in other namespaces',
      needs: {
        must: ['proc', 'fifo', 'pipeRoom'],
        better: {
          waits: 'it does not show that both sides wait',
          namespaces: 'it does not show a reader in other namespaces',
          ...files,
        },
        also,
      },
      chapter: {
        topic,
        title: 'both ends on one machine',
        heart: [
          'fifo/bytes-are-not-in-the-file',
          'fifo/copy-is-another-pipe',
          'fifo/connects-across-namespaces',
          'fifo/second-inode-is-another-pipe',
        ],
      },
      questions: async () => (await import('../../demos/pipe/questions.js')).oneMachine,
      killLines: [''],
      demo: async () => (await import('../../demos/pipe/one-machine.js')).pipeOneMachine,
    },
  },
}
