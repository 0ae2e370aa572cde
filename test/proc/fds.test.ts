import { closeSync, constants, openSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { accessMode, fdFlags, holders, inodeOf, openFiles, parseFdInfo } from '../../src/proc/fds.js'
import { makeFifo, NO_PID, start, temporaryFolder } from '../support/children.js'
import { until } from '../support/until.js'

test.each([
  ['pipe:[4711]', 4711],
  ['socket:[12345678]', 12345678],
  ['anon_inode:[eventpoll]', undefined],
  ['/tmp/pipe:[4711]', undefined],
  ['/dev/null', undefined],
])('the inode in %j is %j', (target, ino) => {
  expect(inodeOf(target)).toBe(ino)
})

test('the flags in a fdinfo file are octal', () => {
  const text = 'pos:\t17\nflags:\t02104000\nmnt_id:\t15\nino:\t1042\n'
  expect(parseFdInfo(text)).toEqual({ pos: 17, flags: 0o2104000, ino: 1042, mount: 15 })
  expect(parseFdInfo('pos:\t17\nflags:\t02104000\n').ino).toBeUndefined()
})

describe.runIf(process.platform === 'linux')('the open files of a real process', () => {
  function open(path: string, flags: string): number {
    const fd = openSync(path, flags)
    onTestFinished(() => closeSync(fd))
    return fd
  }

  test('have the name and the inode number that stat(2) gives', () => {
    const path = join(temporaryFolder(), 'file')
    const fd = open(path, 'a')
    const { ino } = statSync(path)
    expect(openFiles(process.pid).find((file) => file.fd === fd)).toEqual({ fd, target: path, ino })
  })

  test('keep their inode number when the path is removed', () => {
    const path = join(temporaryFolder(), 'file')
    const fd = open(path, 'w')
    const { ino } = statSync(path)
    unlinkSync(path)
    const target = `${path} (deleted)`
    expect(openFiles(process.pid).find((file) => file.fd === fd)).toEqual({ fd, target, ino })
    expect(holders(path, ino, [process.pid])).toEqual([{ pid: process.pid, fd }])
  })

  test('have the flags of open(2) and the file offset', () => {
    const fd = open(join(temporaryFolder(), 'file'), 'a+')
    writeSync(fd, 'hello')
    const info = fdFlags(process.pid, fd)!
    expect(info.pos).toBe(5)
    expect(info.flags & (constants.O_RDWR | constants.O_APPEND | constants.O_NONBLOCK)).toBe(
      constants.O_RDWR | constants.O_APPEND,
    )
  })

  test('have the inode in their name when they are pipes or sockets', () => {
    // The parent's end of the child's stdin is a socket, and Node has a pipe for signals.
    start('sleep', ['100'], ['pipe', 'ignore', 'ignore'])
    const named = openFiles(process.pid).filter((file) => inodeOf(file.target) !== undefined)
    expect(named.map(({ target }) => target.split(':')[0])).toEqual(
      expect.arrayContaining(['pipe', 'socket']),
    )
    for (const file of named) expect(file.ino).toBe(inodeOf(file.target))
  })

  test('show which processes have a FIFO open', async () => {
    const path = makeFifo()
    const { ino } = statSync(path)
    expect(holders(path, ino)).toEqual([])
    const fd = open(path, 'r+')
    const ours = { pid: process.pid, fd }
    expect(holders(path, ino)).toEqual([ours])
    const child = start('cat', [path])
    const [theirs] = await until(() => {
      const found = holders(path, ino, [child.pid])
      return found.length > 0 && found
    })
    expect(theirs).toEqual({ pid: child.pid, fd: expect.any(Number) })
    expect(holders(path, ino)).toHaveLength(2)
    expect(holders(path, ino)).toEqual(expect.arrayContaining([ours, theirs]))
    expect(holders(path, ino, [process.pid])).toEqual([ours])
  })

  test('are distinguished by inode number and name', () => {
    const folder = temporaryFolder()
    const [path, other] = [join(folder, 'one'), join(folder, 'two')]
    const one = open(path, 'w')
    const two = open(other, 'w')
    const { ino } = statSync(path)
    expect(holders(path, ino, [process.pid])).toEqual([{ pid: process.pid, fd: one }])
    expect(holders(other, statSync(other).ino, [process.pid])).toEqual([{ pid: process.pid, fd: two }])
    expect(holders(other, ino, [process.pid])).toEqual([])
    expect(holders(path, ino + 1, [process.pid])).toEqual([])
  })
})

test('a process that does not exist has no open files', () => {
  expect(openFiles(NO_PID)).toEqual([])
  expect(fdFlags(NO_PID, 0)).toBeUndefined()
  expect(holders('/', 1, [NO_PID])).toEqual([])
})

test('a descriptor that is not open has no fdinfo', () => {
  expect(fdFlags(process.pid, 1_000_000)).toBeUndefined()
})

test('the access mode of a descriptor is that of open(2); a descriptor with O_PATH has none', () => {
  expect([0o100000, 0o100001, 0o104002].map(accessMode)).toEqual(['O_RDONLY', 'O_WRONLY', 'O_RDWR'])
  const fd = openSync('/', 0o10000000)
  onTestFinished(() => closeSync(fd))
  expect(accessMode(fdFlags(process.pid, fd)!.flags)).toBeUndefined()
})
