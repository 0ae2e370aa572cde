/** What a process has open: `why --files`. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { requireSame } from '../../src/demos/why/leader.js'
import { DemoFailed } from '../../src/errors.js'
import type { Data } from '../../src/events.js'
import { parseFilesLimit } from '../../src/proc/limits.js'
import { readStat } from '../../src/proc/stat.js'
import { threads } from '../../src/proc/task.js'
import { temporaryFolder } from '../support/children.js'
import { childrenOf, eventsSoFar, newPlace, placeOfNobody } from '../support/osdemo.js'
import { until } from '../support/until.js'
import { inCall, startPython } from '../support/why-ask.js'

/**
 * What a test before has left open in its worker, such as the end of a pipe, is closed first: it would be counted too.
 *
 * @param file one that no other process has open, not even another run of this test
 */
const code = (file: string) => `import os, resource, signal, socket, threading
os.closerange(3, 10_000)
resource.setrlimit(resource.RLIMIT_NOFILE, (10_500, 20_000))
files = [os.open('${file}', os.O_RDONLY) for i in range(100)]
r, w = os.pipe()
if os.fork() == 0:
    os.close(w)
    os.read(r, 1)
    os._exit(0)
os.close(r)
dead = [os.pipe() for i in range(20)]
for read, write in dead: os.close(write)
server = socket.create_server(('127.0.0.1', 0))
accepted = []
for i in range(15):
    socket.create_connection(server.getsockname()).close()
    accepted.append(server.accept()[0])
busy = socket.create_server(('127.0.0.1', 0))
late = socket.create_connection(busy.getsockname())
pairs = socket.socketpair()
counters = [os.eventfd(0) for i in range(10_000 - len(os.listdir('/proc/self/fd')) + 1)]
threading.Thread(target=signal.pause).start()
signal.pause()`

test('a limit of descriptors is parsed, and `unlimited` is none', () => {
  const line = (soft: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}  4096  files \n`
  expect(parseFilesLimit(line('1024'))).toEqual({ soft: 1024, hard: 4096 })
  expect(parseFilesLimit(line('unlimited'))).toBeUndefined()
})

test('why --files, about a process with 10,000 descriptors', async (context) => {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })
  context.skip(Number(stdout) < 20_000 && process.getuid?.() !== 0, 'needs a limit of 20,000 open files')
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const pid = startPython(context, code(file))
  await inCall(pid, /^pause$/)
  const [child = 0] = childrenOf(pid)
  // The id of a thread stands for its process.
  const play = async () => {
    const run = newPlace().osdemo(['why', `${threads(pid)[1]}`, '--files', '--json'])
    expect([await run.exit, run.stderr()]).toEqual([0, ''])
    return eventsSoFar(run).flatMap<Data>((event) => ('data' in event && event.data ? [event.data] : []))
  }
  // While a process is not visible, it could have the other ends. For an ordinary user that is every process of another.
  const isComplete = (told: Data[]) =>
    process.getuid?.() !== 0 ||
    told.some(
      (data) =>
        typeof data === 'object' && 'count' in data && data.kind === 'leak-no-other-end' && data.count === 20,
    )
  // Other tests start and end processes all the time, and one that ends during the look was not visible.
  const told = await until(async () => {
    const told = await play()
    return isComplete(told) && told
  }, 100_000)
  const has = (data: object) => expect(told).toContainEqual(expect.objectContaining(data))
  has({ kind: 'files', soft: 10_500, hard: 20_000, count: 10_000, isNear: true, left: expect.any(Number) })
  has({ kind: 'leak-same-object', count: 100, target: file })
  has({ kind: 'leak-close-wait', count: 15 })
  if (process.getuid?.() === 0) has({ kind: 'leak-no-other-end', count: 20 })
  has({ kind: 'leak-same-kind', target: 'anon_inode:[eventfd]' })
  has({ kind: 'file', object: file, access: 'O_RDONLY', sharers: [child] })
  has({ kind: 'pipe', access: 'O_WRONLY', peers: [child], sharers: [] })
  has({ kind: 'unix', peers: [pid] })
  has({ kind: 'tcp', state: 'LISTEN', waiting: 1 })
  has({ do: 'raise-limit', command: `prlimit --pid ${pid} --nofile=20000:` })
  // It is readable: a few objects of each kind.
  expect(told.length).toBeLessThan(60)
})

test('the descriptors of a process of another user are not visible', async (context) => {
  const { place, options } = placeOfNobody(context)
  const run = place.osdemo(['why', `${process.pid}`, '--files', '--json'], options)
  expect(await run.exit).toBe(1)
  expect(eventsSoFar(run).at(-1)).toMatchObject({ event: 'error', exit: 1 })
})

test('a process with the same pid and another start is another process', () => {
  const startTicks = readStat(process.pid)?.startTicks ?? Number.NaN
  expect(() => requireSame({ pid: process.pid, startTicks })).not.toThrow()
  expect(() => requireSame({ pid: process.pid, startTicks: startTicks - 1 })).toThrow(DemoFailed)
})
