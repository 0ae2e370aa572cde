/** `why` about processes in odd places: other namespaces, removed names, many threads, peers that do not accept. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import type { Data } from '../../../src/events.js'
import { unlinkQueue } from '../../../src/ipc/posix-mq.js'
import { isAlive, readStat } from '../../../src/proc/stat.js'
import { readStatus } from '../../../src/proc/status.js'
import { threads, waitingThreads } from '../../../src/proc/task.js'
import { makeFifo, start, temporaryFolder } from '../../support/children.js'
import { childrenOf, eventsSoFar, newPlace } from '../../support/osdemo.js'
import { until } from '../../support/until.js'
import {
  type Answer,
  allInCall,
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
} from '../../support/why-ask.js'

/** A list in the data of an event. */
function listIn(data: Data | undefined, name: string): unknown[] {
  const list = typeof data === 'object' && !Array.isArray(data) ? data[name] : undefined
  return Array.isArray(list) ? list : []
}

/** Starts a line of sh as the first process of namespaces of its own; skips the test where this user may not. */
async function startApart({ skip }: TestContext, line: string): Promise<{ pid: number; outside: number }> {
  const words = ['-p', '-m', '-f', '--mount-proc']
  skip(spawnSync('unshare', [...words, 'true']).status !== 0, 'needs the right to make namespaces')
  const outside = startShell(`exec unshare ${words.join(' ')} --kill-child sh -c '${line}'`).pid
  return { pid: await until(() => childrenOf(outside)[0]), outside }
}

describe.runIf(process.platform === 'linux')('why', () => {
  test('a sleep that was stopped and continued is reported as a sleep', async () => {
    const { pid } = start('sleep', ['1000'])
    await inCall(pid, /nanosleep/)
    process.kill(pid, 'SIGSTOP')
    await until(() => readStat(pid)?.state === 'T')
    process.kill(pid, 'SIGCONT')
    await inCall(pid, /restart_syscall/)
    const answer = await ask(pid)
    const wait = { kind: 'timer', call: 'clock_nanosleep', 'time.span': 1000 }
    expect(waitOf(answer, pid)).toMatchObject(wait)
  })

  test('the peer of an IPv4 client is found where it listens for IPv6 too', async (context) => {
    const server = startPython(
      context,
      `import socket
s = socket.create_server(('::', 0), family=socket.AF_INET6, dualstack_ipv6=True)
c = socket.create_connection(('127.0.0.1', s.getsockname()[1])); d = s.accept()[0]
import os
if os.fork() == 0: c.close(); d.recv(1)
d.close(); c.recv(1)`,
    )
    const child = await until(() => childrenOf(server)[0])
    await Promise.all([server, child].map((pid) => inCall(pid, /^recvfrom$/)))
    const answer = await ask(server)
    expect(waitOf(answer, server)).toMatchObject({ kind: 'tcp-connection', wanted: 'input', wakers: [child] })
    expect(deadlockOf(answer)).toMatchObject({ members: [server, child] })
    expect(answer.command).toBe(`kill ${child}`)
    type(answer)
    await gone(server)
  })

  test('the calls of a 32-bit program have other numbers', async ({ skip }) => {
    const program = join(temporaryFolder(), 'narrow')
    const words = ['-m32', '-nostdlib', '-static', '-o', program, '-x', 'assembler', '-']
    // read(0, stack, 1), and then exit(0).
    const input = `.globl _start
_start: sub $64, %esp; mov $3, %eax; xor %ebx, %ebx; mov %esp, %ecx; mov $1, %edx; int $0x80
mov $1, %eax; xor %ebx, %ebx; int $0x80\n`
    skip(spawnSync('cc', words, { input }).status !== 0, 'needs cc -m32')
    skip(spawnSync(program, { input: '' }).status !== 0, 'needs a kernel that runs 32-bit programs')
    const { pid } = startShell(`sleep 1000 | ${program}`)
    const narrow = await childNamed(pid, 'narrow')
    await until(() => waitingThreads(narrow)[0]?.wchan?.includes('pipe_read'))
    const answer = await ask(narrow)
    expect(waitOf(answer, narrow)).toMatchObject({
      kind: 'pipe',
      call: 'read',
      fd: 0,
      access: 'reading',
      wakers: [await childNamed(pid, 'sleep')],
    })
    type(answer)
    await gone(narrow)
  })

  test('a busy loop is told with the call that it repeats, and how that fails', async (context) => {
    const pid = startC(
      context,
      'spin',
      `#include <fcntl.h>
#include <unistd.h>
int main() { int ends[2]; char byte; pipe(ends); fcntl(ends[0], F_SETFL, O_NONBLOCK); for (;;) read(ends[0], &byte, 1); }`,
    )
    const { status } = spawnSync('timeout', ['1', 'strace', '-qq', '-o', '/dev/null', '-p', `${pid}`])
    const mayTrace = status === 124
    const dataOf = ({ events }: Answer) =>
      events.flatMap((event) => (event.event === 'evidence' ? [event.data] : []))
    const call = {
      kind: 'repeated-call',
      call: 'read',
      errno: 'EAGAIN',
      target: expect.stringMatching(/^pipe:/),
    }
    // On a busy machine it may get too little CPU time between two looks, or strace too little to attach.
    const answer = await until(async () => {
      const each = await ask(pid)
      const data = dataOf(each)
      // A few clock ticks decide where its time went.
      const repeats = data.some(
        (one) => typeof one === 'object' && 'repeatsCalls' in one && one.repeatsCalls === 1,
      )
      return repeats && data.length >= (mayTrace ? 4 : 3) && each
    })
    if (mayTrace) expect(dataOf(answer)).toContainEqual(expect.objectContaining(call))
    expect(answer.steps).toEqual(mayTrace ? ['stop'] : ['count-calls', 'stop'])
    expect(readStatus(pid)?.tracer).toBe(0)
    expect(isAlive(pid)).toBe(true)
  })

  test('only where the stdout of a process that waits is the pipe, its output may be in a buffer', async () => {
    const findings = ['sleep 1000 | cat', 'sleep 1000 5>&1 >/dev/null | cat'].map(async (line) => {
      const { pid } = startShell(line)
      const [cat, sleep] = await Promise.all([childNamed(pid, 'cat'), childNamed(pid, 'sleep')])
      await Promise.all([inCall(cat, /^read$/), inCall(sleep, /nanosleep/)])
      const { events } = await ask(cat)
      const data = events.flatMap((event) => (event.event === 'note' && event.data ? [event.data] : []))
      return data.some(
        (each) =>
          typeof each === 'object' &&
          !Array.isArray(each) &&
          'kind' in each &&
          each.kind === 'buffered-output' &&
          each.pid === sleep,
      )
    })
    expect(await Promise.all(findings)).toEqual([true, false])
  })

  test('the main thread comes first, also when the others have lower numbers', async ({ skip }) => {
    const namespaces = ['unshare', '--pid', '--mount-proc', '--fork', '--kill-child']
    skip(spawnSync('env', [...namespaces, 'true']).status !== 0, 'needs the right to make namespaces')
    // The next process gets the highest number there is, and its threads the lowest.
    const script = `echo $(($(cat /proc/sys/kernel/pid_max) - 2)) > /proc/sys/kernel/ns_last_pid
"$0" -e 'fs.open("${makeFifo()}", () => {}); setInterval(() => {}, 1e6)' & pid=$!
until cat /proc/$pid/task/*/wchan | grep -q wait_for_partner; do sleep .1; done
[ "$(ls /proc/$pid/task | sort -n | tail -1)" = $pid ] && exec "$@" $pid --json`
    const run = newPlace().osdemo(['why'], { prefix: [...namespaces, 'sh', '-c', script, process.execPath] })
    expect([await run.exit, run.stderr()]).toEqual([0, ''])
    const told = eventsSoFar(run).flatMap((event) => {
      const data = event.event === 'evidence' ? event.data : undefined
      return typeof data === 'object' && !Array.isArray(data) && 'kind' in data ? [data.call] : []
    })
    expect(told.slice(0, 2)).toEqual([
      expect.stringMatching(/^epoll_p?wait$/),
      expect.stringMatching(/^open/),
    ])
  })

  test('threads that wait for the same are reported once', async (context) => {
    const pid = startPython(
      context,
      `import threading, time, os
r, w = os.pipe()
for i in range(20): threading.Thread(target=lambda: os.read(r, 1)).start()
os.read(r, 1)`,
    )
    await allInCall(pid, 21, /^read$/)
    const answer = await ask(pid)
    expect(threads(pid).filter((tid) => waitOf(answer, pid, tid))).toEqual([pid])
    const alike = answer.events.flatMap((event) =>
      event.event === 'note' ? listIn(event.data, 'alike') : [],
    )
    expect(alike).toEqual(threads(pid).filter((tid) => tid !== pid))
  })

  test('a process whose main thread has exited is no zombie', async (context) => {
    const pid = startC(
      context,
      'headless',
      `#include <pthread.h>
#include <unistd.h>
void *run(void *none) { sleep(1000); return none; }
int main() { pthread_t thread; pthread_create(&thread, 0, run, 0); pthread_exit(0); }`,
    )
    await until(() => readStat(pid)?.state === 'Z' && waitingThreads(pid).some(({ wchan }) => wchan))
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'main-thread-exited', state: 'Z', open: true })
    expect(answer.events[0]).toMatchObject({ event: 'state', state: 'waiting', kernel: 'Z' })
    expect(answer.claims).toEqual(['why/still-blocked'])
  })

  test('in a pipeline, the stopped process at its end is found and continued', async () => {
    const line = startShell('yes | cat | cat | cat | sh -c "kill -STOP \\$\\$; exec cat" | head -c 200000')
    const yes = await childNamed(line.pid, 'yes')
    const last = await until(() => childrenOf(line.pid).find((pid) => readStat(pid)?.state === 'T'))
    await inCall(yes, /^write$/)
    const answer = await ask(yes)
    expect(answer.command).toBe(`kill -CONT ${last}`)
    type(answer)
    await until(() => line.printed().length === 200_000)
  })

  test('a child that its parent knows by a pid of another namespace is found', async (context) => {
    const code = `import os, time
p = os.fork()
if p == 0: time.sleep(1000)
os.waitpid(p, 0)`
    const { pid, outside } = await startApart(context, `exec python3 -c "${code}"`)
    await inCall(pid, /^wait4$/)
    const child = childrenOf(pid)[0]!
    expect(waitOf(await ask(pid), pid)).toMatchObject({ kind: 'child', wakers: [child] })
    // From outside, only SIGKILL terminates the first process of a namespace.
    const answer = await ask(outside)
    expect(answer.command).toBe(`kill -KILL ${pid}`)
    type(answer)
    await until(() => !isAlive(pid))
  })

  test('a FIFO in another mount namespace is named by a path that leads to it', async (context) => {
    const { pid } = await startApart(context, 'mount -t tmpfs none /mnt && mkfifo /mnt/p && exec cat /mnt/p')
    await inCall(pid, /^open(at)?$/)
    const answer = await ask(pid)
    expect(answer.command).toBe(`echo hello > /proc/${pid}/root/mnt/p`)
    type(answer)
    await gone(pid)
  })

  test('a FIFO opened relative to a folder is named by its path, and a removed one is lost', async (context) => {
    const path = makeFifo()
    const pid = startPython(
      context,
      `import os
os.open('${basename(path)}', os.O_RDONLY, dir_fd=os.open('${join(path, '..')}', os.O_RDONLY))`,
    )
    await until(() => waitingThreads(pid)[0]?.wchan === 'wait_for_partner')
    expect((await ask(pid)).command).toBe(`echo hello > ${path}`)
    rmSync(path)
    const answer = await ask(pid)
    // At once: while it is blocked on a FIFO without a path, no other test removes its FIFO.
    process.kill(pid, 'SIGKILL')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'fifo-lost', argument: basename(path), wakers: [] })
    expect(answer.command).toBe(`kill ${pid}`)
  })

  test.for<[what: string, calls: string, command: string, access: string]>([
    ['receive', 'mq_receive(q, text, 64, 0);', 'osdemo queue send hello --name', 'reading'],
    [
      'send',
      'for (int i = 0; i < 3; i++) mq_send(q, "hi", 2, 0);',
      'osdemo queue receive --max 1 --name',
      'writing',
    ],
  ])(
    'a process blocked to %s in a POSIX queue continues with the first command',
    async ([what, calls, command, access], context) => {
      const name = `/why-odd-${process.pid}-${what}`
      const pid = startC(
        context,
        what,
        `#include <mqueue.h>
int main() { struct mq_attr a = {.mq_maxmsg = 2, .mq_msgsize = 64}; char text[64];
  mqd_t q = mq_open("${name}", O_RDWR | O_CREAT, 0600, &a); ${calls} mq_unlink("${name}"); }`.replace(
          '#include',
          '#include <fcntl.h>\n#include',
        ),
      )
      onTestFinished(() => {
        // A program that continued has removed the queue itself.
        try {
          unlinkQueue(name)
        } catch {}
      })
      await inCall(pid, /^mq_timed/)
      const answer = await ask(pid)
      const fill = { 'fill.messages': what === 'send' ? 2 : 0, 'fill.capacity': 2 }
      expect(waitOf(answer, pid)).toMatchObject({
        kind: 'posix-queue',
        name,
        access,
        isRemoved: false,
        ...fill,
      })
      expect(answer.command).toBe(`${command} ${name}`)
      type(answer)
      await gone(pid)
    },
  )

  test('the listener of a Unix socket with a full accept queue is found', async (context) => {
    const path = join(temporaryFolder(), 'socket')
    const pid = startPython(
      context,
      `import os, socket, time
s = socket.socket(socket.AF_UNIX); s.bind('${path}'); s.listen(0)
a = socket.socket(socket.AF_UNIX); a.connect('${path}')
if os.fork() == 0: s.close(); b = socket.socket(socket.AF_UNIX); b.connect('${path}')
if os.fork() == 0: s.close(); a.recv(1)
time.sleep(1000)`,
    )
    const calls = () => childrenOf(pid).map((child) => [waitingThreads(child)[0]?.syscall, child] as const)
    const find = (call: string) => until(() => calls().find(([name]) => name === call)?.[1])
    const [connecting, unaccepted] = [await find('connect'), await find('recvfrom')]
    const answer = await ask(connecting)
    const connect = { kind: 'unix-connect', address: path, waiting: 1, wakers: [pid] }
    expect(waitOf(answer, connecting)).toMatchObject(connect)
    const waiting = { kind: 'unix-connection', peer: 0, wakers: [pid], open: false, 'listener.path': path }
    expect(waitOf(await ask(unaccepted), unaccepted)).toMatchObject(waiting)
    expect(answer.command).toBe(`kill ${pid}`)
    type(answer)
    await Promise.all([connecting, unaccepted].map(gone))
  })

  test.for<[what: string, kind: string, address: () => string]>([
    ['an address in no file system', 'STREAM', () => `\\0why-odd-${process.pid}`],
    ['a socket of packets', 'SEQPACKET', () => join(temporaryFolder(), 'socket')],
  ])('the first command connects to %s', async ([, kind, address], context) => {
    const pid = startPython(
      context,
      `import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_${kind}); s.bind('${address()}'); s.listen(); s.accept()`,
    )
    await inCall(pid, /^accept4?$/)
    type(await ask(pid))
    await gone(pid)
  })

  test('the first command sends a datagram', async (context) => {
    context.skip(spawnSync('bash', ['--version']).status !== 0, 'needs bash')
    const pid = startPython(
      context,
      `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0)); s.recv(9)`,
    )
    await inCall(pid, /^recvfrom$/)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'udp-socket', 'row.local.host': '127.0.0.1' })
    type(answer)
    await gone(pid)
  })

  test('a client whose SYN is dropped waits for the server whose accept queue is full', async (context) => {
    const pid = startPython(
      context,
      `import os, socket, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(1); a = s.getsockname()
c = [socket.create_connection(a) for _ in range(2)]
if os.fork() == 0: s.close(); socket.socket().connect(a)
time.sleep(1000)`,
    )
    const client = await until(() => childrenOf(pid)[0])
    await inCall(client, /^connect$/)
    const answer = await ask(client)
    expect(waitOf(answer, client)).toMatchObject({
      kind: 'tcp-connection',
      wanted: 'connection',
      wakers: [pid],
      'full.waiting': 2,
      'full.backlog': 1,
    })
    expect(answer.steps).toEqual(['wait', 'end-others'])
    type(answer)
    await gone(client)
  })

  test('the other party of each kind of socket is named', async (context) => {
    const path = join(temporaryFolder(), 'socket')
    const pid = startPython(
      context,
      `import os, socket, time
from socket import *
def child(own, other):
  if os.fork() == 0: other.close(); own.recv(9); os._exit(0)
u = socket(AF_INET, SOCK_DGRAM); u.bind(('127.0.0.1', 0)); v = socket(AF_INET, SOCK_DGRAM); v.connect(u.getsockname())
r = socket(AF_UNIX, SOCK_DGRAM); r.bind('${path}'); t = socket(AF_UNIX, SOCK_DGRAM); t.connect('${path}')
child(u, v); child(v, u); child(r, t); child(t, r)
kept = [socketpair(AF_UNIX, kind) for kind in (SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET)]
for a, b in kept: child(a, b); a.close()
time.sleep(1000)`,
    )
    onTestFinished(() => {
      for (const child of childrenOf(pid)) process.kill(child, 'SIGKILL')
    })
    const children = await until(
      () => childrenOf(pid).length === 7 && childrenOf(pid).toSorted((a, b) => a - b),
    )
    await Promise.all(children.map((child) => inCall(child, /^recvfrom$/)))
    const answers = await Promise.all(children.map((child) => ask(child)))
    const waits = answers.map((answer, at) => waitOf(answer, children[at] ?? 0))
    const wakers = expect.arrayContaining([pid])
    const pair = { kind: 'unix-connection', access: 'reading', wakers, open: false }
    expect(waits).toMatchObject([
      { kind: 'udp-socket', isConnected: false, wakers: [], open: true },
      { kind: 'udp-socket', isConnected: true, wakers, open: false },
      { kind: 'unix-datagram', wakers: [], open: true },
      // It has no address, and its peer is not connected to it.
      { kind: 'unix-datagram', wakers: [], open: true, 'row.path': '' },
      { ...pair, 'row.kind': 'stream' },
      { ...pair, 'row.kind': 'datagram' },
      { ...pair, 'row.kind': 'seqpacket' },
    ])
    // Those that are connected to it, although any process may send.
    const named = [0, 2].map((at) =>
      answers[at]?.events.some(
        (event) => event.event === 'evidence' && event.source.startsWith(`/proc/${pid}/fd/`),
      ),
    )
    expect(named).toEqual([true, true])
    // A datagram that never comes: the exit of the peer would not wake up the process.
    expect([1, 5].map((at) => answers[at]?.steps.slice(0, 2))).toEqual([
      ['wait', 'end-itself'],
      ['wait', 'end-itself'],
    ])
  })

  test('a program that polls for what it sends to itself is no deadlock', async (context) => {
    const code = `import select, socket
a, b = socket.socketpair(); select.select([a], [], [])`
    const pid = startPython(context, code)
    await inCall(pid, /select/)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'poll', wakers: [pid], open: true })
    expect(deadlockOf(answer)).toBeUndefined()
  })

  test('the process with the master of a terminal waits for output on it', async (context) => {
    const code = `import os, pty, time
p, f = pty.fork()
if p == 0: time.sleep(1000)
os.read(f, 9)`
    const pid = startPython(context, code)
    await inCall(pid, /^read$/)
    const child = await until(() => childrenOf(pid)[0])
    const answer = await ask(pid)
    const terminal = expect.stringMatching(/^\/dev\/pts\/\d+$/)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'terminal-emulator', terminal, users: [child] })
    type(answer)
    await gone(pid)
  })
})
