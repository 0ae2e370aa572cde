/** examples/unix-sockets.c with a Python program, and its sockets as ss(8) lists them. */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unixPeer } from '../../src/ipc/unix-diag.js'
import { openFiles } from '../../src/proc/fds.js'
import { readUnixTable } from '../../src/proc/net-unix.js'
import { start } from '../support/children.js'
import { cc } from '../support/compiler.js'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'

const runs = (program: string, ...words: string[]) => spawnSync(program, words).status === 0
const hasPython = runs('python3', '-c', 'import socket; socket.send_fds')

/** Starts the program; `call` sends a command, and returns what it prints. */
function startProgram(folder: string) {
  const program = join(folder, 'unix-sockets')
  execFileSync(cc, ['-o', program, 'examples/unix-sockets.c'])
  const child = start(program, [], ['pipe', 'pipe', 'inherit'])
  const lines: string[] = []
  child.stdout!.on('data', (bytes) => lines.push(...`${bytes}`.split('\n').slice(0, -1)))
  return {
    pid: child.pid!,
    call(command: string) {
      child.stdin!.write(`${command}\n`)
      return until(() => lines.shift())
    },
  }
}

test.skipIf(!cc || !hasPython)(
  'a Python program sends a descriptor to a C program, and gets one',
  async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'socket')
    const file = join(folder, 'file')
    writeFileSync(file, 'first second')
    const { pid, call } = startProgram(folder)
    expect(await call('socket stream')).toBe('socket 3: ok')
    await call(`bind 3 ${path}`)
    await call('listen 3')
    const python = start(
      'python3',
      [
        '-c',
        `import os, socket
peer = socket.socket(socket.AF_UNIX)
peer.connect(${JSON.stringify(path)})
fd = os.open(${JSON.stringify(file)}, os.O_RDONLY)
os.read(fd, 6)
socket.send_fds(peer, [b'd'], [fd])
_, [got], _, _ = socket.recv_fds(peer, 1, 1)
peer.sendall(os.read(got, 5))
peer.recv(1)`,
      ],
      ['ignore', 'ignore', 'inherit'],
    )
    expect(await call('accept 3')).toBe('accept 4: ok')
    expect(await call('peer 4')).toBe(`peer 0 ${python.pid} ${process.getuid?.()} ${process.getgid?.()}: ok`)
    expect(await call('take 4')).toBe('take 5: ok')
    expect(await call('read 5 6')).toBe('read 6 second: ok')
    expect(openFiles(pid).find(({ fd }) => fd === 5)?.target).toBe(file)
    await call(`open ${file}`)
    await call('pass 4 6')
    expect(await call('receive 4 100')).toBe('receive 5 first: ok')
  },
)

test.skipIf(!cc || !runs('ss', '-V'))('ss lists the same sockets, and the same peers', async () => {
  const { pid, call } = startProgram(temporaryFolder())
  expect(await call('pair seqpacket')).toBe('pair 0 3 4: ok')
  await call('socket datagram')
  await call(`bind 5 @osdemo-test-${pid}`)
  const inodes = openFiles(pid).flatMap(({ fd, ino = 0 }) => ([3, 4, 5].includes(fd) ? [ino] : []))
  const listed = execFileSync('ss', ['-x', '-a', '-n', '-H'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const rows = inodes.map((ino) => listed.find((words) => words[5] === `${ino}`) ?? [])
  expect(rows.map(([kind, , , , name, , , peer]) => [kind, name, Number(peer)])).toEqual([
    ['u_seq', '*', inodes[1]],
    ['u_seq', '*', inodes[0]],
    ['u_dgr', `@osdemo-test-${pid}`, 0],
  ])
  expect(inodes.map((ino) => unixPeer(ino)?.peer ?? 0)).toEqual(rows.map((words) => Number(words[7])))
  expect(readUnixTable(pid).find(({ inode }) => inode === inodes[2])).toMatchObject({ kind: 'datagram' })
})
