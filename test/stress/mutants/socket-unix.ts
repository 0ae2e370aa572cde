import type { Mutant } from './mutant.js'

const test = 'test/falsify/socket-unix.test.ts'

/** In each of these tests, the C program does something else. */
const unconnected = { test, title: 'the two sockets are not connected' }
const twoDirections = { test, title: 'a pipe has two directions' }

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
]
