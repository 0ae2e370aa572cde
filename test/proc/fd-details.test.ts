import { expect, test } from 'vitest'
import {
  parseEventCount,
  parseEventId,
  parseFileWatches,
  parsePidfd,
  parseSignalMask,
  parseTerminalIndex,
  parseTimerValue,
  parseWatched,
  readWatched,
} from '../../src/proc/fd-details.js'
import { openFiles } from '../../src/proc/fds.js'
import { start } from '../support/children.js'
import { until } from '../support/until.js'

test('reads from fdinfo what an epoll instance watches', () => {
  const text = `pos:	0
flags:	02000002
tfd:       17 events:       19 data:               11  pos:0 ino:40f sdev:10
tfd:       15 events: 80000004 data:                f  pos:0 ino:37c8a sdev:f
`
  expect(parseWatched(text)).toEqual([
    { fd: 17, events: 0x19, ino: 0x40f },
    { fd: 15, events: 0x80000004, ino: 0x37c8a },
  ])
  // Kernels before 4.15 do not name the inode.
  expect(parseWatched('tfd:        3 events:       19 data:                3\n')).toEqual([
    { fd: 3, events: 0x19 },
  ])
})

test.each([
  ['eventfd-count:               1f\n', parseEventCount, 31],
  ['eventfd-count: ffffffffffffffff\n', parseEventCount, 2 ** 64],
  ['it_value: (3, 500000000)\n', parseTimerValue, 3.5],
  ['it_value: (0, 0)\n', parseTimerValue, 0],
  ['Pid:\t4711\n', parsePidfd, 4711],
  ['Pid:\t-1\n', parsePidfd, -1],
  ['tty-index:\t3\n', parseTerminalIndex, 3],
])('parses %j', (text, parse, value) => {
  expect(parse(`pos:\t0\n${text}`)).toBe(value)
  expect(parse('pos:\t0\n')).toBeUndefined()
})

test.runIf(process.platform === 'linux')('Node watches descriptors that are open', async () => {
  const { pid } = start(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
  const watched = await until(() => {
    const instances = openFiles(pid).filter(({ target }) => target === 'anon_inode:[eventpoll]')
    const all = instances.flatMap(({ fd }) => readWatched(pid, fd))
    return all.length > 1 && all
  })
  expect(openFiles(pid).map(({ fd }) => fd)).toEqual(expect.arrayContaining(watched.map(({ fd }) => fd)))
})

test('parses what an inotify instance watches, a signalfd and the number of an eventfd', () => {
  const watch = 'inotify wd:1 ino:9e7e sdev:800013 mask:802 ignored_mask:0 fhandle-bytes:8\n'
  expect(parseFileWatches(`pos:\t0\n${watch}`)).toEqual([
    { ino: 0x9e7e, device: '8:19', events: ['MODIFY', 'MOVE_SELF'] },
  ])
  expect(parseSignalMask('sigmask:\t0000000000000200\n')).toBe(0x200n)
  expect(parseSignalMask('pos:\t0\n')).toBe(0n)
  expect(parseEventId('eventfd-id: 10\n')).toBe(10)
})
