import type { Mutant } from './mutant.js'

const test = 'test/falsify/socket-inet.test.ts'

/** In each of these tests, the C program does something else. */
const kept = { test, title: 'datagrams stay in the buffer' }
const room = { test, title: 'the receive buffer has room' }

const listener = { test, title: 'its queue has room for all' }
const shutdown = { test, title: 'each client sends no more' }

export const inetSocketMutants: readonly Mutant[] = [
  { file: 'src/demos/socket/udp.ts', from: 'got.join() === sizes.join()', to: 'got.length === 3', ...kept },
  {
    file: 'src/demos/socket/udp.ts',
    from: 'counted > 0 && [first, heard, second].every(({ errno }) => errno === 0)',
    to: 'counted > 0',
    ...kept,
  },
  {
    file: 'src/demos/socket/udp.ts',
    from: 'sent.errno === 0 && errno === ECONNREFUSED',
    to: 'sent.errno >= 0',
    ...kept,
  },
  {
    file: 'src/demos/socket/udp.ts',
    from: 'drops > 0 && sent === kept.count + drops && overflows >= drops',
    to: 'sent === kept.count + drops && overflows >= drops',
    ...room,
  },
  {
    file: 'src/demos/socket/udp.ts',
    from: 'sent === bytes && received === bytes',
    to: 'sent > 0',
    ...room,
  },
  {
    file: 'src/demos/socket/listen.ts',
    from: 'queue === backlog + 1 && isDropped',
    to: '(queue ?? 0) > backlog',
    ...listener,
  },
  {
    file: 'src/demos/socket/listen.ts',
    from: 'errno === ECONNREFUSED && !rowsOf(port).some(isListener)',
    to: 'errno >= 0',
    ...listener,
  },
  {
    file: 'src/demos/socket/listen-endings.ts',
    from: 'end.value === 0 && kept !== undefined',
    to: 'end.value === 0',
    ...listener,
  },
  {
    file: 'src/demos/socket/listen-endings.ts',
    from: 'left !== undefined && isClosed(left) && left.local.port === port && left.inode === 0',
    to: 'left !== undefined && isClosed(left) && left.inode === 0',
    ...shutdown,
  },
  { file: 'src/demos/socket/listen-endings.ts', from: 'plain === EADDRINUSE', to: 'plain >= 0', ...shutdown },
]
