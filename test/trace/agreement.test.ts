/** What the model makes of real programs agrees with another reading of the same log, by regular expressions over its lines. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cc, noCompiler } from '../support/compiler.js'
import { temporaryFolder } from '../support/folders.js'
import { type Followed, followLog } from '../support/follow-log.js'
import { has, noStrace, traced, wholeLines, whyNoStrace } from '../support/strace.js'

const server = `import os, socket
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen(20)
def serve():
    while True:
        peer, _ = server.accept()
        text = peer.recv(100)
        if text == b'stop': os._exit(0)
        peer.sendall(text.upper()); peer.sendall(text); peer.close()
def ask(text):
    with socket.create_connection(server.getsockname()) as client:
        client.sendall(text)
        return b''.join(iter(lambda: client.recv(7), b''))
def client(n):
    text = b'client %d' % n
    os._exit(ask(text) != text.upper() + text)
workers = [os.fork() or serve() for _ in range(3)]
clients = [os.fork() or client(n) for n in range(20)]
assert all(os.waitpid(pid, 0)[1] == 0 for pid in clients)
for _ in workers: ask(b'stop')
for pid in workers: os.waitpid(pid, 0)
`

const producer = `#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  int queue = msgget(IPC_PRIVATE, 0600), set = semget(IPC_PRIVATE, 2, 0600), segment = shmget(IPC_PRIVATE, 4096, 0600);
  struct { long type; char text[100]; } message = {0};
  struct sembuf take = {0, -1, 0}, add = {1, 1, 0};
  int *place = shmat(segment, 0, 0), sum = 0;
  semctl(set, 0, SETVAL, 2);
  semctl(set, 1, SETVAL, 0);
  int isConsumer = fork() == 0;
  if (isConsumer) take.sem_num = 1, add.sem_num = 0;
  for (int i = 0; i < 30; i++) {
    if (semop(set, &take, 1)) return 1;
    if (isConsumer) { sum += place[i % 2]; usleep(2000); } else place[i % 2] = i;
    if (semop(set, &add, 1)) return 1;
    message.type = 1 + i % 3;
    if (isConsumer && msgsnd(queue, &message, 10 + i, 0)) return 1;
  }
  if (isConsumer) return sum != 435;
  for (int i = 0; i < 30; i++) if (msgrcv(queue, &message, 100, i < 10 ? 2 : 0, 0) < 0) return 1;
  int status;
  wait(&status);
  shmdt(place);
  shmctl(segment, IPC_RMID, 0);
  semctl(set, 0, IPC_RMID);
  msgctl(queue, IPC_RMID, 0);
  return status;
}`

/** Without a library, because one for 32 bits is rarely installed. */
const narrow = `static int call(int n, int a, int b, int c) {
  int r;
  __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
  return r;
}
static int p[2];
static char text[4];
void _start(void) {
  call(42, (int)p, 0, 0); /* pipe */
  if (call(2, 0, 0, 0) == 0) { /* fork */
    call(4, p[1], (int)"hi\\n", 3); /* write */
    call(1, 3, 0, 0); /* exit */
  }
  call(3, p[0], (int)text, 4); /* read */
  call(7, -1, 0, 0); /* waitpid */
  call(221, p[0], 2, 1); /* fcntl64: F_SETFD, FD_CLOEXEC */
  call(999, 1, 2, 3);
  call(4, 1, (int)"done\\n", 5);
  call(1, 0, 0, 0);
}`

/** The time in calls of 1 ms or longer, of each process in each call. */
function blockedIn(lines: [tid: string, text: string][], calls: RegExp): string[] {
  const sums = new Map<string, number>()
  for (const [pid, text] of lines) {
    const [, call = '', time = '0'] = /^(\w+)\(.* <([\d.]+)>$/s.exec(text) ?? []
    const took = Math.round(Number(time) * 1e6)
    const key = `${pid} ${call}`
    if (took >= 1000 && calls.test(call)) sums.set(key, (sums.get(key) ?? 0) + took)
  }
  return [...sums].map(([key, sum]) => `${key} ${sum}`).sort()
}

function blockedOf({ processes }: Followed, calls: RegExp): string[] {
  const sums = new Map<string, number>()
  for (const { pid, waits } of processes)
    for (const { call, total } of waits.values())
      if (calls.test(call)) sums.set(`${pid} ${call}`, (sums.get(`${pid} ${call}`) ?? 0) + total)
  return [...sums].map(([key, sum]) => `${key} ${sum}`).sort()
}

describe.skipIf(noStrace)(`agreement${whyNoStrace}`, () => {
  const python = '/usr/bin/python3'
  test.skipIf(!has(python))(
    `a server with three processes and 20 clients${has(python) ? '' : ' (skipped: there is no python3)'}`,
    async () => {
      const log = await traced([python, '-c', server])
      const lines = wholeLines(log)
      const trace = followLog(readFileSync(log))

      // Each direction of each connection has one writer and one reader.
      const directions = new Map<string, Record<'from' | 'to' | 'messages' | 'bytes' | 'got', number>>()
      for (const [pid, text] of lines) {
        const [, call, local, peer, result = '0'] =
          /^(sendto|recvfrom)\(\d+<TCP:\[([^-]+)->([^\]]+)\]>.*\) += (\d+) </s.exec(text) ?? []
        if (result === '0') continue
        const key = call === 'sendto' ? `${local} ${peer}` : `${peer} ${local}`
        const seen = directions.get(key) ?? { from: 0, to: 0, messages: 0, bytes: 0, got: 0 }
        directions.set(key, seen)
        if (call === 'sendto') {
          seen.from = Number(pid)
          seen.messages++
          seen.bytes += Number(result)
        } else {
          seen.to = Number(pid)
          seen.got += Number(result)
        }
      }
      const all = [...directions.values()]
      expect(all).toHaveLength(43)
      expect(all.filter(({ bytes, got }) => bytes !== got)).toEqual([])
      const written = (from: number, to: number, messages: number, bytes: number) =>
        `${from} to ${to}: ${messages} messages, ${bytes} bytes`
      expect(
        trace.talks.map(({ from, to, messages, bytes }) => written(from.pid, to.pid, messages, bytes)).sort(),
      ).toEqual(all.map(({ from, to, messages, bytes }) => written(from, to, messages, bytes)).sort())
      // 23 connections, and the socket that listens.
      expect(trace.things.filter(({ kind }) => kind === 'socket')).toHaveLength(24)

      const calls = /^(?:accept4|recvfrom|sendto|connect|wait4)$/
      expect(blockedOf(trace, calls)).toEqual(blockedIn(lines, calls))
      const reaped = lines.flatMap(([, text]) => /^wait4\(.*\) += (\d+) </s.exec(text)?.[1] ?? [])
      expect(reaped).toHaveLength(23)
      expect(trace.processes.flatMap((each) => (each.reaped ? `${each.pid}` : [])).sort()).toEqual(
        reaped.sort(),
      )
    },
  )

  test.skipIf(noCompiler)('a program for 32 bits, and a call that strace does not know', async ({ skip }) => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'a.c'), narrow)
    const words = ['-m32', '-static', '-nostdlib', '-w', '-o', join(cwd, 'a'), join(cwd, 'a.c')]
    const runs = () => spawnSync(join(cwd, 'a'), { encoding: 'utf8' }).stdout === 'done\n'
    if (spawnSync(cc, words).status !== 0 || !runs())
      skip('no program for 32 bits can be compiled and run here')
    const log = await traced(['./a'], cwd)
    const trace = followLog(readFileSync(log))
    const [parent, child] = trace.processes
    expect(child).toMatchObject({ parent, end: { code: 3 }, reaped: { by: parent } })
    expect(trace.talks).toMatchObject([{ from: child, to: parent, messages: 1, bytes: 3, text: 'hi\n' }])
    expect(readFileSync(log, 'latin1')).toMatch(/ waitpid\(.* syscall_0x3e7\(/s)
    expect([...(parent?.waits.values() ?? [])].every(({ call }) => call !== 'waitpid')).toBe(true)
  })

  test.skipIf(noCompiler)('a producer and a consumer with all three kinds of System V objects', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'a.c'), producer)
    expect(spawnSync(cc, ['-w', '-o', join(cwd, 'a'), join(cwd, 'a.c')]).status).toBe(0)
    const log = await traced(['./a'], cwd)
    const lines = wholeLines(log)
    const trace = followLog(readFileSync(log))
    const [parent, child] = trace.processes

    const amounts = (pattern: RegExp) =>
      lines.flatMap(([pid, text]) => {
        const [, bytes] = pattern.exec(text) ?? []
        return bytes === undefined ? [] : { pid: Number(pid), bytes: Number(bytes) }
      })
    const sum = (list: { bytes: number }[]) => list.reduce((total, { bytes }) => total + bytes, 0)
    const sent = amounts(/^msgsnd\(.*, (\d+), 0 ?\) += 0 </s)
    const received = amounts(/^msgrcv\(.*\) += (\d+) </s)
    expect([sent.length, received.length, sum(sent)]).toEqual([30, 30, sum(received)])
    const [{ pid: from } = { pid: 0 }] = sent
    const [{ pid: to } = { pid: 0 }] = received
    expect(trace.talks).toMatchObject([
      { from: { pid: from }, to: { pid: to }, messages: 30, bytes: sum(sent) },
    ])

    const made = lines.flatMap(([, text]) => /^(?:msg|sem|shm)get\(.* = (\d+) </s.exec(text)?.[1] ?? [])
    expect(trace.things.map(({ id }) => id)).toEqual(made)
    for (const { made: begin, removed, users } of trace.things) {
      expect([begin?.by, removed?.by]).toEqual([parent, parent])
      expect(new Set(users.keys())).toEqual(new Set([parent, child]))
    }
    const operations = lines.filter(([, text]) => /^sem(?:timed)?op\(/.test(text)).length
    const set = trace.things.find(({ kind }) => kind === 'semaphore')
    const counted = [...(set?.users.values() ?? [])].reduce((total, { write }) => total + write.calls, 0)
    expect(counted).toBe(operations)

    const calls = /^(?:semop|semtimedop|msgrcv|msgsnd|wait4)$/
    expect(blockedOf(trace, calls)).toEqual(blockedIn(lines, calls))
    const waits = trace.blocks.filter(({ call }) => call.startsWith('sem') || call === 'msgrcv')
    expect(waits.length).toBeGreaterThan(5)
    // There is only one other process.
    for (const { process, by } of waits) if (by) expect(by).toBe(process === parent ? child : parent)
    expect(waits.filter(({ by }) => by).length).toBeGreaterThan(waits.length / 2)
  })
})
