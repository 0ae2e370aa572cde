/** The commands of `osdemo socket`. */
import { also, files, type Group } from '../lib/entry.js'

const topic = 'sockets'

export const socketCommands: Group = {
  summary: 'Unix sockets, datagrams, and what a listener does',
  examples: ['osdemo socket pair', 'osdemo socket pair --predict'],
  members: {
    pair: {
      summary: 'two connected sockets between a parent and its child, against a pipe',
      needs: {
        must: ['proc', 'compiler'],
        better: {
          waits: 'it does not show that the parent is blocked',
          ...files,
        },
        also,
      },
      chapter: {
        topic,
        title: 'a pair of sockets',
        heart: [
          'pair/sockets-are-each-others-peer',
          'pair/descriptor-carries-both-directions',
          'pair/shutdown-ends-one-direction',
          'pair/end-of-file-after-last-close',
        ],
      },
      questions: async () => (await import('../../demos/socket/questions.js')).pair,
      killLines: [''],
      demo: async () => (await import('../../demos/socket/pair.js')).socketPair,
    },
  },
}
