import type { Mutant } from './mutant.js'

const test = 'test/falsify/socket-unix.test.ts'

/** In each of these tests, the C program does something else. */
const unconnected = { test, title: 'the two sockets are not connected' }
const twoDirections = { test, title: 'a pipe has two directions' }
const abstract = { test, title: 'every name is abstract' }
const listening = { test, title: 'makes a listener, the server names itself' }
const seqpacket = { test, title: 'every socket is a seqpacket socket' }
const stream = { test, title: 'a seqpacket socket is a stream' }

export const unixSocketMutants: readonly Mutant[] = [
  {
    file: 'src/demos/socket/pair.ts',
    from: 'made.length === 2 && one?.ino !== two?.ino && one?.peer === two?.ino && two?.peer === one?.ino',
    to: 'made.length === 2 && one?.ino !== two?.ino',
    ...unconnected,
  },
  {
    file: 'src/demos/socket/pair.ts',
    from: "hello.more === 'hello' && answer.more === 'answer' && mode === 'O_RDWR'",
    to: "mode === 'O_RDWR'",
    ...unconnected,
  },
  {
    file: 'src/demos/socket/pair.ts',
    from: 'errno === constants.errno.EBADF && forward.value === 5',
    to: 'forward.value === 5',
    ...twoDirections,
  },
  {
    file: 'src/demos/socket/pair.ts',
    from: '!isEarly && value === 0',
    to: 'value === 0',
    ...twoDirections,
  },
  {
    file: 'src/demos/socket/unix.ts',
    from: 'got.target === file && sent.target === file && got.ino === sent.ino',
    to: 'sent.target === file',
    ...abstract,
  },
  {
    file: 'src/demos/socket/unix.ts',
    from: "more === 'hello' && errno === ENOENT && !existsSync(path)",
    to: "more === 'hello'",
    ...abstract,
  },
  {
    file: 'src/demos/socket/unix.ts',
    from: 'pid === client.id && peer.join() === self.join()',
    to: 'peer.length === self.length',
    ...listening,
  },
  {
    file: 'src/demos/socket/unix.ts',
    from: "sent.pos === 6 && more === 'second' && after.pos === 12",
    to: 'sent.pos === 6',
    ...listening,
  },
  {
    file: 'src/demos/socket/datagram.ts',
    from: 'count > 0 && received === count + 1',
    to: 'received <= count + 1',
    ...seqpacket,
  },
  {
    file: 'src/demos/socket/datagram.ts',
    from: "sizes.get('datagram') === '5,5,5' && sizes.get('seqpacket') === '5,5,5'",
    to: "sizes.get('datagram') === '5,5,5'",
    ...stream,
  },
  {
    file: 'src/demos/socket/datagram.ts',
    from: 'isCut.length === 2 && isCut.every(Boolean)',
    to: 'isCut.some(Boolean)',
    ...stream,
  },
  {
    file: 'src/demos/socket/datagram.ts',
    from: "sizesOf(parts) === '0,5'",
    to: "sizesOf(parts).endsWith('5')",
    ...stream,
  },
]
