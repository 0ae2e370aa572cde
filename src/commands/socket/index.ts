/** The commands of `osdemo socket`. */
import { also, files, type Group } from '../lib/entry.js'

const topic = 'sockets'

export const socketCommands: Group = {
  summary: 'Unix sockets, datagrams, and what a listener does',
  examples: ['osdemo socket pair', 'osdemo socket unix --predict'],
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
    unix: {
      summary:
        'a server with a path: bind, connect, the pid of the client, a descriptor passed to another process',
      needs: { must: ['proc', 'compiler', 'folder'], better: files, also },
      chapter: {
        topic,
        title: 'a socket with a path',
        heart: [
          'unix/bind-makes-a-file',
          'unix/kernel-names-the-client',
          'unix/passed-descriptor-is-the-same-file',
          'unix/passed-descriptor-shares-offset',
          'unix/connection-outlives-its-name',
          'unix/file-stays-behind',
        ],
      },
      questions: async () => (await import('../../demos/socket/questions.js')).unix,
      killLines: [''],
      demo: async () => (await import('../../demos/socket/unix.js')).socketUnix,
    },
    datagram: {
      summary: 'stream, datagram and seqpacket: what one call receives of three messages',
      needs: {
        must: ['proc', 'compiler'],
        better: { waits: 'it does not show that a process is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'streams and datagrams',
        heart: [
          'datagram/stream-has-no-boundaries',
          'datagram/messages-keep-boundaries',
          'datagram/small-buffer-cuts-a-message',
          'datagram/full-queue-blocks-the-sender',
          'datagram/datagrams-have-no-end-of-file',
        ],
      },
      questions: async () => (await import('../../demos/socket/questions.js')).datagram,
      killLines: [''],
      demo: async () => (await import('../../demos/socket/datagram.js')).socketDatagram,
    },
    udp: {
      summary: 'how UDP loses datagrams: a full receive buffer, and ports without a socket',
      needs: {
        must: ['proc', 'loopback', 'compiler'],
        better: { waits: 'it does not show that the TCP sender is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'UDP loses datagrams',
        heart: [
          'udp/datagrams-keep-their-boundaries',
          'udp/connected-sender-is-refused',
          'udp/full-buffer-drops-datagrams',
          'udp/sender-is-not-told-of-loss',
          'udp/tcp-sender-waits',
          'udp/tcp-loses-nothing',
        ],
      },
      questions: async () => (await import('../../demos/socket/questions.js')).udp,
      killLines: [''],
      demo: async () => (await import('../../demos/socket/udp.js')).socketUdp,
    },
    listen: {
      summary: 'backlog, refused connections, CLOSE_WAIT, TIME_WAIT and SO_REUSEADDR, in /proc/net/tcp',
      needs: {
        must: ['proc', 'loopback', 'compiler'],
        better: { waits: 'it does not show that the client is blocked', ...files },
        also,
      },
      chapter: {
        topic,
        title: 'how a TCP connection begins and ends',
        heart: [
          'listen/connected-before-accept',
          'listen/backlog-admits-one-more',
          'listen/full-backlog-drops-the-first-packet',
          'listen/forgotten-close-stays-in-close-wait',
          'listen/time-wait-keeps-the-port',
          'listen/reuseaddr-frees-the-port',
        ],
        // The kernel sends a SYN again after a second.
        demo: async () => (await import('../../demos/socket/listen.js')).socketListen(false),
      },
      questions: async () => (await import('../../demos/socket/questions.js')).listen,
      killLines: [''],
      demo: async () => (await import('../../demos/socket/listen.js')).socketListen(true),
    },
  },
}
