/** What `why` reports about programs of many kinds, and whether its first command lets them continue. */
import { execFileSync, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { why } from '../../../src/demos/why/index.js'
import { type Event, numberIn } from '../../../src/events.js'
import { isAlive, readStat } from '../../../src/proc/stat.js'
import { threads, waitingThreads } from '../../../src/proc/task.js'
import { makeFifo, NO_PID, start, temporaryFolder } from '../../support/children.js'
import { asUser, childrenOf, eventsSoFar, newPlace, playDemo } from '../../support/osdemo.js'
import { perform } from '../../support/perform.js'
import { until } from '../../support/until.js'
import {
  allInCall,
  answerOf,
  ask,
  childNamed,
  deadlockOf,
  gone,
  inCall,
  startC,
  startPython,
  startShell,
  type,
  waitOf,
  waitsOf,
  watchedOf,
} from '../../support/why-ask.js'

describe.runIf(process.platform === 'linux')('why', () => {
  test('cat blocks in open(2) of a FIFO, and exits when a writer comes', async () => {
    const path = makeFifo()
    const { pid } = start('cat', [path])
    await inCall(pid, /^open(at)?$/)
    const answer = answerOf(await playDemo(['why', `${pid}`]))
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'fifo-open',
      state: 'S',
      call: expect.stringMatching(/^open(at)?$/),
      access: 'reading',
      path,
      inode: statSync(path).ino,
      wakers: [],
      open: true,
      certain: true,
    })
    expect(answer.claims).toEqual(['why/still-blocked'])
    expect(answer.command).toBe(`echo hello > ${path}`)
    expect(answer.events).toContainEqual(
      expect.objectContaining({ event: 'evidence', source: `/proc/${pid}/mem`, value: path }),
    )
    type(answer)
    await gone(pid)
  })

  test('cat is blocked on an empty pipe, and the first command writes to it', async () => {
    const line = startShell('sleep 1000 | cat')
    const cat = await childNamed(line.pid, 'cat')
    const sleep = await childNamed(line.pid, 'sleep')
    await inCall(cat, /^read$/)
    await inCall(sleep, /nanosleep/)
    const answer = await ask(cat)
    const wait = waitOf(answer, cat)
    expect(wait).toMatchObject({ kind: 'pipe', call: 'read', fd: 0, access: 'reading', 'fill.bytes': 0 })
    expect(wait).toMatchObject({ wakers: [sleep], open: false, certain: true })
    expect(waitOf(answer, sleep)).toMatchObject({ kind: 'timer', call: 'clock_nanosleep', 'time.span': 1000 })
    expect(answer.steps).toEqual(['wait', 'write', 'end-others'])
    expect(answer.command).toBe(`echo hello > /proc/${cat}/fd/0`)
    type(answer)
    await until(() => line.printed() === 'hello\n')
  })

  test('yes is blocked on a full pipe, and the first command makes room', async () => {
    const line = startShell('yes | sleep 1000')
    const yes = await childNamed(line.pid, 'yes')
    await inCall(yes, /^write$/)
    const answer = await ask(yes)
    const sleep = await childNamed(line.pid, 'sleep')
    const full = { access: 'writing', 'fill.bytes': 65_536, 'fill.capacity': 65_536 }
    expect(waitOf(answer, yes)).toMatchObject({
      kind: 'pipe',
      call: 'write',
      fd: 1,
      ...full,
      wakers: [sleep],
    })
    const writes = () =>
      Number(/^wchar: (\d+)/m.exec(execFileSync('cat', [`/proc/${yes}/io`], { encoding: 'utf8' }))?.[1])
    const before = writes()
    type(answer)
    await until(() => writes() > before)
  })

  test('a process that kept the write end of its own pipe is in a deadlock with itself', async (context) => {
    const pid = startPython(context, 'import os; r, w = os.pipe(); os.read(r, 1)')
    await inCall(pid, /^read$/)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'pipe', access: 'reading', wakers: [pid], open: false })
    expect(deadlockOf(answer)).toEqual({ kind: 'deadlock', members: [pid], certain: true })
  })

  test('two processes that wait for each other over two FIFOs are a deadlock, which a line breaks', async () => {
    const folder = temporaryFolder()
    execFileSync('mkfifo', ['a', 'b'], { cwd: folder })
    const one = startShell('exec 3>a 4<b; read line <&4; echo "$line" >&3', folder).pid
    const two = startShell('exec 3<a 4>b; read line <&3; echo "$line" >&4', folder).pid
    await Promise.all([one, two].map((pid) => inCall(pid, /^read$/)))
    const answer = await ask(one)
    expect(deadlockOf(answer)).toEqual({ kind: 'deadlock', members: [one, two], certain: true })
    expect(answer.headings[0]).toMatch(new RegExp(`^Deadlock: .*${one}.*${two}`))
    expect(waitOf(answer, one)).toMatchObject({ kind: 'pipe', path: join(folder, 'b'), wakers: [two] })
    expect(answer.claims).toEqual(['why/still-blocked', 'why/deadlock-stands-still'])
    type(answer)
    await Promise.all([one, two].map(gone))
  })

  test('two processes that open two FIFOs in opposite order are probably a deadlock', async () => {
    const folder = temporaryFolder()
    execFileSync('mkfifo', ['a', 'b'], { cwd: folder })
    const one = startShell('cat a > b', folder).pid
    const two = startShell('cat b > a', folder).pid
    await Promise.all([one, two].map((pid) => inCall(pid, /^open(at)?$/)))
    const answer = await ask(one)
    expect(deadlockOf(answer)).toEqual({ kind: 'deadlock', members: [one, two], certain: false })
    expect(waitOf(answer, one)).toMatchObject({ kind: 'fifo-open', wakers: [two], certain: false })
  })

  test('a server is blocked in accept, and the first command connects to it', async (context) => {
    const code = `import socket
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()`
    const pid = startPython(context, code)
    await inCall(pid, /^accept4?$/)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'tcp-listener',
      call: 'accept4',
      'row.state': 'LISTEN',
      'row.local.host': '127.0.0.1',
      'row.rxQueue': 0,
    })
    type(answer)
    await gone(pid)
  })

  test('a client is blocked in recv, and its peer is found', async (context) => {
    const folder = temporaryFolder()
    const peer = startPython(
      context,
      `import socket, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
open('${folder}/port', 'w').write(str(s.getsockname()[1])); c = s.accept()[0]; time.sleep(1000)`,
    )
    const pid = startPython(
      context,
      `import socket, time
while True:
  try: port = int(open('${folder}/port').read()); break
  except Exception: time.sleep(.02)
socket.create_connection(('127.0.0.1', port)).recv(10)`,
    )
    await inCall(pid, /^recvfrom$/)
    await inCall(peer, /nanosleep/)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'tcp-connection',
      call: 'recvfrom',
      'row.state': 'ESTABLISHED',
      'row.remote.host': '127.0.0.1',
      wanted: 'input',
      'peer.rxQueue': 0,
      wakers: [peer],
      open: false,
    })
    const timer = waitOf(answer, peer)
    expect(timer).toMatchObject({ kind: 'timer', 'time.clock': 'CLOCK_MONOTONIC' })
    expect(timer?.['time.left']).toBeGreaterThan(900)
    expect(timer?.['time.left']).toBeLessThanOrEqual(1000)
    process.kill(peer, 'SIGSTOP')
    const stopped = await ask(pid)
    expect(stopped.command).toBe(`kill -CONT ${peer}`)
    type(answer)
    process.kill(peer, 'SIGCONT')
    await gone(pid)
  })

  test('the other end of a pair of Unix sockets is found', async (context) => {
    const code = `import os, socket, time
near, far = socket.socketpair()
if os.fork() == 0: near.close(); time.sleep(1000)
far.close(); near.recv(1)`
    const pid = startPython(context, code)
    await inCall(pid, /^recvfrom$/)
    const [child] = childrenOf(pid)
    onTestFinished(() => void process.kill(child!, 'SIGKILL'))
    await inCall(child!, /nanosleep/)
    const answer = await ask(pid)
    const socket = { kind: 'unix-connection', 'row.kind': 'stream', access: 'reading' }
    expect(waitOf(answer, pid)).toMatchObject({ ...socket, call: 'recvfrom', wakers: [child], open: false })
    expect(answer.command).toBe(`kill ${child}`)
    type(answer)
    await gone(pid)
  })

  test('the terminal that a process reads from is found', async (context) => {
    const code = `import os, pty, time
if pty.fork()[0] == 0: os.execvp('cat', ['cat'])
time.sleep(1000)`
    const parent = startPython(context, code)
    const pid = await childNamed(parent, 'cat')
    await inCall(pid, /^read$/)
    const target = expect.stringMatching(/^\/dev\/pts\/\d+$/)
    expect(waitOf(await ask(pid), pid)).toMatchObject({ kind: 'terminal', fd: 0, access: 'reading', target })
  })

  test('poll and select are reported with their descriptors and their time limit', async (context) => {
    const code = (wait: string) => `import os, select
r, w = os.pipe(); p = select.poll(); p.register(r)
${wait}`
    for (const [wait, call] of [
      ['select.select([r], [], [], 1000)', /select/],
      ['p.poll(1000000)', /poll/],
    ] as const) {
      const pid = startPython(context, code(wait))
      await inCall(pid, call)
      const answer = await ask(pid)
      expect(waitOf(answer, pid)).toMatchObject({ kind: 'poll', limit: 1000, wakers: [pid], open: true })
      expect(watchedOf(answer)).toEqual([{ fd: expect.any(Number), kind: 'pipe' }])
      expect(answer.command).toBe(`kill ${pid}`)
    }
  })

  test('a main thread that joins a thread is reported with what blocks that thread', async (context) => {
    const pid = startC(
      context,
      'join',
      `#include <pthread.h>
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void *run(void *none) { pthread_mutex_lock(&lock); return none; }
int main() { pthread_t thread; pthread_mutex_lock(&lock);
  pthread_create(&thread, 0, run, 0); pthread_join(thread, 0); }`,
    )
    await allInCall(pid, 2, /^futex$/)
    const answer = await ask(pid)
    const thread = threads(pid).find((tid) => tid !== pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'futex', joined: thread, wakers: [pid], open: false })
    expect(waitOf(answer, pid, thread)).toMatchObject({
      kind: 'futex',
      isPrivate: true,
      value: 2,
      'owner.tid': pid,
      'owner.source': 'mutex',
    })
    expect(deadlockOf(answer)).toEqual({
      kind: 'deadlock',
      members: [pid],
      certain: true,
      threads: [pid, thread],
    })
  })

  test('a held lock is a futex that only threads of the same process can wake', async (context) => {
    const code = `import threading, time
lock = threading.Lock()
def hold(): lock.acquire(); time.sleep(1000)
threading.Thread(target=hold, daemon=True).start()
while not lock.locked(): time.sleep(.01)
lock.acquire()`
    const pid = startPython(context, code)
    await inCall(pid, /^futex$/)
    await until(() => waitingThreads(pid).some(({ syscall = '' }) => /nanosleep/.test(syscall)))
    const answer = await ask(pid)
    const thread = threads(pid).find((tid) => tid !== pid)
    const lock = { kind: 'futex', address: expect.stringMatching(/^[\da-f]+$/), isPrivate: true }
    expect(waitOf(answer, pid)).toMatchObject({ ...lock, mates: [thread], wakers: [pid] })
    expect(waitOf(answer, pid, thread)).toMatchObject({ kind: 'timer', call: 'clock_nanosleep' })
    expect(deadlockOf(answer)).toBeUndefined()
    expect(answer.command).toBe(`kill ${pid}`)
    type(answer)
    await gone(pid)
  })

  test('threads that each hold the lock that the other wants are a deadlock', async (context) => {
    const code = `import threading
a, b, met = threading.Lock(), threading.Lock(), threading.Barrier(2)
def take(first, second):
  first.acquire(); met.wait(); second.acquire()
threading.Thread(target=take, args=(a, b), daemon=True).start()
take(b, a)`
    const pid = startPython(context, code)
    await allInCall(pid, 2, /^futex$/)
    expect(deadlockOf(await ask(pid))).toEqual({ kind: 'deadlock', members: [pid], certain: true })
  })

  test('a sleep is reported with its time', async () => {
    const { pid } = start('sleep', ['1000'])
    await inCall(pid, /nanosleep/)
    const answer = await ask(pid)
    const wait = { kind: 'timer', call: 'clock_nanosleep', 'time.span': 1000, wakers: [], open: true }
    expect(waitOf(answer, pid)).toMatchObject(wait)
    type(answer)
    await gone(pid)
  })

  test('the first command continues a stopped process', async () => {
    const { pid } = start('sleep', ['1000'])
    await inCall(pid, /nanosleep/)
    process.kill(pid, 'SIGSTOP')
    await until(() => readStat(pid)?.state === 'T')
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'stopped', state: 'T', wakers: [], open: true })
    expect(answer.events).toContainEqual(
      expect.objectContaining({ event: 'state', child: pid, state: 'stopped', kernel: 'T' }),
    )
    expect(answer.command).toBe(`kill -CONT ${pid}`)
    type(answer)
    await until(() => readStat(pid)?.state === 'S')
  })

  test('sh waits for its child, which is followed', async () => {
    const { pid } = startShell('sleep 1000; exit 0')
    const child = await childNamed(pid, 'sleep')
    await inCall(pid, /^wait(4|id)$/)
    await inCall(child, /nanosleep/)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'child', call: 'wait4', wakers: [child], open: false })
    expect(waitOf(answer, child)).toMatchObject({ kind: 'timer' })
    expect(answer.command).toBe(`kill ${child}`)
    type(answer)
    await until(() => !isAlive(pid))
  })

  test('a zombie is reported with its parent, and disappears when the parent exits', async (context) => {
    const code = "import subprocess, time; p = subprocess.Popen(['true']); time.sleep(1000)"
    const parent = startPython(context, code)
    const pid = await until(() => childrenOf(parent).find((child) => readStat(child)?.state === 'Z'))
    await inCall(parent, /nanosleep|select/)
    const answer = await ask(pid)
    const zombie = { kind: 'zombie', state: 'Z', parent, 'ending.code': 0, wakers: [parent], open: false }
    expect(waitOf(answer, pid)).toMatchObject(zombie)
    expect(answer.command).toBe(`kill ${parent}`)
    type(answer)
    await until(() => readStat(pid) === undefined)
  })

  test('a busy loop is not blocked: its CPU time grows', async () => {
    const { pid } = startShell('while :; do :; done')
    await until(() => readStat(pid)!.cpuTicks > 2)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'running', state: 'R', call: null })
    expect(answer.claims).toEqual(['why/runs-or-ready'])
    const cpu = answer.events.flatMap((event) =>
      event.event === 'evidence' ? (numberIn(event.data, 'onCpu') ?? []) : [],
    )
    expect(cpu).toHaveLength(1)
    expect(cpu[0]).toBeGreaterThan(0)
    expect(answer.command).toBe(`kill -STOP ${pid}`)
  })

  test('a process that sleeps for short times makes progress', async (context) => {
    const pid = startPython(context, 'import time\nwhile True: time.sleep(.005)')
    // Where the CPUs are busy it may get none for a while, and then is ready to run whenever it is looked at.
    const { events } = await until(async () => {
      const answer = await ask(pid)
      return answer.claims.includes('why/ran-between-looks') && answer
    })
    const numbers = (name: string) =>
      events.flatMap((event) => (event.event === 'evidence' ? (numberIn(event.data, name) ?? []) : []))
    expect(numbers('after')[0]).toBeGreaterThan(numbers('before')[0] ?? Number.NaN)
  })

  test('a process that computes and sleeps in turn is no busy loop', async (context) => {
    const turn = 'end = time.process_time() + .01\n while time.process_time() < end: pass\n time.sleep(.001)'
    const pid = startPython(context, `import time\nwhile True:\n ${turn}`)
    await until(() => readStat(pid)!.cpuTicks > 20)
    await until(async () => (await ask(pid)).claims.includes('why/ran-between-looks'))
  })

  test('flock is blocked on a lock: all its holders are found, and it continues when they exit', async ({
    skip,
  }) => {
    skip(spawnSync('flock', ['--version']).status !== 0, 'needs flock')
    const file = join(temporaryFolder(), 'lock')
    const holder = startShell(`exec flock ${file} sleep 1000`).pid
    const sleep = await childNamed(holder, 'sleep')
    const { pid } = start('flock', [file, 'true'])
    await inCall(pid, /^flock$/)
    const answer = await ask(pid)
    // The census has the lowest pid first, and the kernel starts again at low pids after pid_max.
    const both = [holder, sleep].toSorted((a, b) => a - b)
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'file-lock',
      call: 'flock',
      fd: 3,
      file,
      'wanted.kind': 'FLOCK',
      'wanted.access': 'WRITE',
      wakers: both,
    })
    expect(answer.command).toBe(`kill ${both.join(' ')}`)
    type(answer)
    await gone(pid)
  })

  test('an idle node is blocked in epoll, and its pool is not reported thread by thread', async () => {
    const { pid } = start(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
    await inCall(pid, /^epoll_p?wait$/)
    await until(() => waitingThreads(pid).filter(({ syscall }) => syscall === 'futex').length > 4)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'poll', call: expect.stringMatching(/^epoll_p?wait$/) })
    expect(watchedOf(answer)).toContainEqual({ fd: expect.any(Number), kind: 'eventfd' })
    expect(answer.events).toContainEqual(expect.objectContaining({ event: 'note', role: 'aside' }))

    expect(threads(pid).filter((tid) => waitOf(answer, pid, tid))).toEqual([pid])
  })

  test('--watch reports what has changed, and ends with the process', async () => {
    const path = makeFifo()
    const reader = start('cat', [path])
    await inCall(reader.pid, /^open(at)?$/)
    const run = newPlace().osdemo(['why', `${reader.pid}`, '--watch', '--json'])
    await until(() => eventsSoFar(run).some(({ event }) => event === 'claim'))
    const writer = start('sh', ['-c', `exec sleep 1000 > ${path}`])
    const found = await until(() => {
      const wait = waitsOf(answerOf(eventsSoFar(run)), reader.pid).at(-1)
      return wait?.kind === 'pipe' && wait
    })
    expect(found).toMatchObject({ call: 'read', path, wakers: [writer.pid] })
    writer.kill('SIGKILL')
    expect(await run.exit).toBe(0)
    expect(eventsSoFar(run).slice(-2)).toMatchObject([
      { event: 'state', child: reader.pid, state: 'gone' },
      { event: 'note', role: 'closing' },
    ])
  })

  test('--watch reports what has changed between the answer and its first look', async () => {
    const path = makeFifo()
    const { pid } = start('cat', [path])
    await inCall(pid, /^open(at)?$/)
    // Without a return to the event loop, so osdemo does not look before the change.
    const line = `until grep -q pipe_read /proc/${pid}/wchan; do sleep .01; done`
    const change = () => {
      writer = start('sh', ['-c', `exec sleep 1000 > ${path}`]).pid
      spawnSync('sh', ['-c', line])
    }
    let writer: number | undefined
    const events: Event[] = []
    const done = perform(why(pid, { watch: true }), (event) => {
      events.push(event)
      if (event.event === 'claim') change()
    })
    const found = until(() => waitsOf(answerOf(events), pid).find(({ kind }) => kind === 'pipe'))
    expect(await found.finally(() => process.kill(pid, 'SIGKILL'))).toMatchObject({ wakers: [writer] })
    await done
  })

  test('about a process of another user it reports what is likely, and marks it', async (context) => {
    const { pid } = startShell('sleep 1000; exit 0')
    await inCall(pid, /^wait(4|id)$/)
    const child = await childNamed(pid, 'sleep')
    const run = newPlace().osdemo(['why', `${pid}`, '--json'], asUser(65534, context))
    expect(await run.exit).toBe(0)
    const answer = answerOf(eventsSoFar(run))
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'child', call: null, wakers: [child], certain: false })
    expect(answer.headings[0]).toContain('probably')
    expect(answer.text).toContain('it belongs to user 0')
  })
})

describe.runIf(process.platform === 'linux')('why explains what is wrong with', () => {
  async function fails(words: string[]) {
    const run = newPlace().osdemo(['why', ...words])
    return { exit: await run.exit, stderr: run.stderr() }
  }

  test('a pid that no process has, a word, no pid', async () => {
    const all = [[`${NO_PID - 1}`], ['cat'], []].map(fails)
    const error = (exit: number, message: RegExp) => ({ exit, stderr: expect.stringMatching(message) })
    expect(await Promise.all(all)).toEqual([
      error(1, /there is no process \d+\n.*ps -e/),
      error(2, /whole number/),
      error(2, /missing required argument 'pid'/),
    ])
  })

  test('a process that exits while osdemo looks at it', async (context) => {
    const pid = startPython(context, 'import time\nwhile True: time.sleep(.005)')
    await inCall(pid, /nanosleep|select/)
    const end = () => void (isAlive(pid) && process.kill(pid, 'SIGKILL'))
    await expect(ask(pid, end)).rejects.toMatchObject({
      message: expect.stringContaining(`process ${pid} `),
      exit: 1,
    })
  })

  test('a kernel thread', async ({ skip }) => {
    skip(readStat(2)?.comm !== 'kthreadd', 'kernel threads are not visible here')
    expect(await fails(['2'])).toEqual({
      exit: 1,
      stderr: expect.stringContaining('kernel thread'),
    })
  })

  test('itself', async () => {
    const self = spawnSync('sh', ['-c', `exec '${process.execPath}' bin/osdemo.js why $$`], {
      encoding: 'utf8',
    })
    expect([self.status, self.stderr]).toEqual([1, expect.stringContaining('is this osdemo itself')])
  })
})
