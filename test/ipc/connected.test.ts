/** Descriptors that connect two processes: what one side writes, the other reads. */
import { readdirSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  anonymousPipes,
  type Connection,
  openFifos,
  socketPair,
  tcpStream,
  udpDatagrams,
  unixDatagrams,
  unixStream,
} from '../../src/ipc/connected.js'
import { loadMkfifo } from '../../src/ipc/make-fifo.js'
import { threadUsage } from '../../src/ipc/thread-usage.js'
import { parseVirtual } from '../../src/proc/virtual.js'
import { temporaryFolder } from '../support/folders.js'

type Paths = [one: string, other: string]

async function fifos(paths: Paths): Promise<Connection> {
  const makeFifo = await loadMkfifo()
  for (const path of paths) makeFifo(path, { marked: false })
  return openFifos(paths)
}

test.each([
  ['pipes', anonymousPipes],
  ['FIFOs', fifos],
  ['a socket pair', socketPair],
  ['a Unix stream', ([path]: Paths) => unixStream(path)],
  ['Unix datagrams', unixDatagrams],
  ['TCP', tcpStream],
  ['UDP', udpDatagrams],
])('%s carry messages both ways, and are closed', async (_, open) => {
  const folder = temporaryFolder()
  const before = readdirSync('/proc/self/fd').length
  const { first, second, close } = await open([join(folder, 'one'), join(folder, 'other')])
  const buffer = Buffer.alloc(9)
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    writeSync(from[1], 'a message')
    expect(readSync(to[0], buffer)).toBe(9)
    expect(`${buffer}`).toBe('a message')
  }
  close()
  expect(readdirSync('/proc/self/fd').length).toBe(before)
})

test('the kernel counts the CPU time of a thread that computes', () => {
  const before = threadUsage()
  for (const end = performance.now() + 5; performance.now() < end; );
  const after = threadUsage()
  expect(after.cpu - before.cpu).toBeGreaterThan(0)
  expect(after.voluntary).toBeGreaterThanOrEqual(before.voluntary)
  expect(after.involuntary).toBeGreaterThanOrEqual(before.involuntary)
})

test('a virtual machine is known by the flag of its processors', () => {
  expect(parseVirtual('processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n')).toBe(true)
  expect(parseVirtual('processor\t: 0\nflags\t\t: fpu vme\n')).toBe(false)
  expect(parseVirtual('processor\t: 0\nFeatures\t: fp asimd\n')).toBeUndefined()
})
