/** What students are asked before a demo of sockets or framing runs. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const echoDemo: readonly Question[] = [
  {
    id: 'tcp-sockets',
    text: 'One client is connected to one server. How many sockets has the connection, not counting the listener?',
    choices: ['One, which both processes share.', 'None: a port is enough.', 'Two, one in each process.'],
    right: 'c',
    claim: 'tcp/connection-is-a-pair-of-sockets',
  },
  {
    id: 'tcp-client-port',
    text: 'A client connects to a server and names no port of its own. Which local port does it use?',
    choices: [
      'An ephemeral port, which the kernel chooses.',
      'The same port as the server.',
      'None: only servers have ports.',
    ],
    right: 'a',
    claim: 'tcp/client-gets-ephemeral-port',
  },
]

export const shortReads: readonly Question[] = [
  {
    id: 'short-read-bytes',
    text: 'A process asks read(2) for the 29 bytes of a frame. How many bytes does it get?',
    choices: [
      'Always 29: read(2) waits for all of them.',
      'Always one frame, however long it is.',
      'At least one, and perhaps fewer than 29.',
    ],
    right: 'c',
    claim: 'tcp/read-may-be-short',
  },
  {
    id: 'short-read-next-frame',
    text: 'A reader takes a short read for the whole frame. What happens to the frames after it?',
    choices: [
      'They arrive unchanged: only this frame is damaged.',
      'The reader takes bytes of the body for a header, and loses its place.',
      'The kernel sends the frame again.',
    ],
    right: 'b',
    claim: 'frame/torn-reader-loses-its-place',
  },
]

export const pair: readonly Question[] = [
  {
    id: 'pair-directions',
    text: 'A parent and its child have a pair of sockets. What can one descriptor do?',
    choices: [
      'Only send or only receive, as with a pipe.',
      'Send and receive.',
      'Send until it has received.',
    ],
    right: 'b',
    claim: 'pair/descriptor-carries-both-directions',
  },
  {
    id: 'pair-end-of-file',
    text: 'A parent copies its socket with dup(2), and closes the first descriptor. What does its child receive?',
    choices: ['End of file.', 'An error: ECONNRESET.', 'Nothing: it waits.'],
    right: 'c',
    claim: 'pair/copy-prevents-end-of-file',
  },
]

export const unix: readonly Question[] = [
  {
    id: 'unix-unlink',
    text: 'A client is connected to a Unix socket. The server removes the file of the socket. What happens to the connection?',
    choices: ['It is closed.', 'It stays.', 'It stays until the client sends.'],
    right: 'b',
    claim: 'unix/connection-outlives-its-name',
  },
  {
    id: 'unix-passed',
    text: 'A client has read 6 bytes of a file and passes its descriptor to a server. Which byte does the server read first?',
    choices: ['Byte 1.', 'None: the descriptor is valid in the client only.', 'Byte 7.'],
    right: 'c',
    claim: 'unix/passed-descriptor-shares-offset',
  },
]

export const datagram: readonly Question[] = [
  {
    id: 'datagram-boundaries',
    text: 'A process sends 5 bytes three times over a stream socket. How many bytes does one call with room for 100 receive then?',
    choices: ['5.', '15.', '100.'],
    right: 'b',
    claim: 'datagram/stream-has-no-boundaries',
  },
  {
    id: 'datagram-cut',
    text: 'A datagram has 5 bytes, and the receiver has room for 3. What happens to the other 2?',
    choices: ['They are lost.', 'The next call receives them.', 'The sender sends them again.'],
    right: 'a',
    claim: 'datagram/small-buffer-cuts-a-message',
  },
]

export const udp: readonly Question[] = [
  {
    id: 'udp-full-buffer',
    text: 'The receive buffer of a UDP socket is full, and another datagram arrives. What happens?',
    choices: [
      'The sender is blocked in sendto(2).',
      'sendto(2) succeeds, and the datagram is lost.',
      'sendto(2) fails, and the program must send again.',
    ],
    right: 'b',
    claim: 'udp/sender-is-not-told-of-loss',
  },
  {
    id: 'udp-which-is-lost',
    text: 'The receive buffer is full. Which datagrams are lost?',
    choices: ['The oldest ones in the buffer.', 'Those that arrive now.', 'All of them.'],
    right: 'b',
    claim: 'udp/full-buffer-keeps-the-first',
  },
]

export const listen: readonly Question[] = [
  {
    id: 'listen-before-accept',
    text: 'A server has called listen(2), and does not call accept(2). A client calls connect(2). What happens?',
    choices: [
      'connect(2) succeeds: the kernel makes the connection.',
      'connect(2) is blocked until accept(2).',
      'connect(2) fails with ECONNREFUSED.',
    ],
    right: 'a',
    claim: 'listen/connected-before-accept',
  },
  {
    id: 'listen-time-wait',
    text: 'A server closes a connection first, then exits, and is started again at once. Why may bind(2) fail?',
    choices: [
      'The old process still has the port.',
      'A connection in TIME_WAIT keeps the port.',
      'The client still uses the port.',
    ],
    right: 'b',
    claim: 'listen/time-wait-keeps-the-port',
  },
]
