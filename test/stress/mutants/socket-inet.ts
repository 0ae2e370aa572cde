import type { Mutant } from './mutant.js'

const test = 'test/falsify/socket-inet.test.ts'

/** In each of these tests, the C program does something else. */
const kept = { test, title: 'datagrams stay in the buffer' }
const room = { test, title: 'the receive buffer has room' }

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
]
