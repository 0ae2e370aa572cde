/** The reader of strace's log: forms of lines, real logs of several languages, and damaged ones. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { descriptorIn, descriptorsIn } from '../../src/trace/descriptor.js'
import type { Fact } from '../../src/trace/line.js'
import { createParser } from '../../src/trace/parse.js'
import { scan, unquoted } from '../../src/trace/scan.js'
import { cc, noCompiler } from '../support/compiler.js'
import { cut } from '../support/cuts.js'
import { temporaryFolder } from '../support/folders.js'
import { has, noStrace, traced, whyNoStrace } from '../support/strace.js'

function parse(text: string | Buffer, sizes = [65_536]): { facts: Fact[]; unreadable: number } {
  const facts: Fact[] = []
  const parser = createParser((fact) => facts.push(fact))
  for (const chunk of cut(Buffer.from(text as string), sizes)) parser.push(Buffer.from(chunk))
  parser.end()
  return { facts, unreadable: parser.unreadable.count }
}

const at = '812 1795817412.043071'

function one(text: string): Fact | undefined {
  return parse(`${at} ${text}\n`).facts[0]
}

test('a call from which strace has detached has not returned, whether its line was cut before or not', () => {
  const log = [
    `${at} read(3<pipe:[1]>, <detached ...>`,
    `813 1795817412.1 read(4<pipe:[1]>,  <unfinished ...>`,
    `813 1795817412.2 <... read resumed> <detached ...>`,
  ]
  const { facts, unreadable } = parse(`${log.join('\n')}\n`)
  expect(facts.map(({ kind }) => kind)).toEqual(['begun', 'begun'])
  expect(unreadable).toBe(0)
})

test.each([
  ['close(3</tmp/x>) = 0 <0.000008>', { name: 'close', args: ['3</tmp/x>'], result: 0, took: 8 }],
  ['exit_group(3)   = ?', { name: 'exit_group', result: undefined, errno: undefined }],
  [
    'access("/etc/x) = 0", R_OK) = -1 ENOENT (No such file or directory) <0.000009>',
    { args: ['"/etc/x) = 0"', 'R_OK'], result: -1, errno: 'ENOENT' },
  ],
  [
    'pause() = ? ERESTARTNOHAND (To be restarted if no handler) <0.049956>',
    { args: [], result: undefined, errno: 'ERESTARTNOHAND', took: 49_956 },
  ],
  ['mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, -1, 0) = 0x7fac30862000 <0.1>', { result: 0x7fac30862000 }],
  [
    'syscall_0x1f4(0, 1<<3, 0x2) = -1 (errno 524) <0.000001>',
    { name: 'syscall_0x1f4', result: -1, errno: undefined },
  ],
  [
    'write(4</tmp/a\\76b->(deleted), "a\\"b), "..., 4000) = 4000',
    { args: ['4</tmp/a\\76b->(deleted)', '"a\\"b), "...', '4000'], result: 4000, took: 0 },
  ],
  [
    'poll([{fd=3<pipe:[7]>, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}]) <0.01>',
    { args: ['[{fd=3<pipe:[7]>, events=POLLIN}]', '1', '-1'], result: 1 },
  ],
  [
    'sendto(14<UNIX-STREAM:[7->8,"/tmp/us->a"]>, "x", 1, 0, NULL, 0) = 1 <0.000010>',
    { args: ['14<UNIX-STREAM:[7->8,"/tmp/us->a"]>', '"x"', '1', '0', 'NULL', '0'] },
  ],
  [
    'dup2(3<pipe:[7]>, 0</dev/null<char 1:3>>) = 0<pipe:[7]> <0.000002>',
    { args: ['3<pipe:[7]>', '0</dev/null<char 1:3>>'], result: 0, more: '<pipe:[7]>' },
  ],
])('a call: %s', (text, expected) => {
  expect(one(text)).toMatchObject({ kind: 'call', tid: 812, t: 1795817412043071, ...expected })
})

test.each([
  ['+++ exited with 3 +++', { kind: 'gone', code: 3, signal: null }],
  ['+++ killed by SIGSEGV (core dumped) +++', { kind: 'gone', code: null, signal: 'SIGSEGV' }],
  ['+++ superseded by execve in pid 815 +++', { kind: 'superseded', by: 815 }],
  ['--- stopped by SIGSTOP ---', { kind: 'stopped', signal: 'SIGSTOP' }],
  [
    '--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---',
    { kind: 'signal', signal: 'SIGALRM', code: 'SI_KERNEL' },
  ],
  [
    '--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=28570, si_uid=0} ---',
    { kind: 'signal', signal: 'SIGUSR1', from: 28570 },
  ],
])('no call: %s', (text, expected) => {
  expect(one(text)).toMatchObject(expected)
})

test('a call that strace wrote in two lines is one call, with the time of its beginning', () => {
  const { facts } = parse(`7 1.000001 read(3<pipe:[5]>,  <unfinished ...>
8 1.000002 write(4<pipe:[5]>, "hi", 2) = 2 <0.000003>
7 1.000009 <... read resumed>"hi", 100) = 2 <0.000008>
9 2.000000 clone3({flags=CLONE_VM} <unfinished ...>
9 2.000005 <... clone3 resumed> => {parent_tid=[11]}, 88) = 11 <0.000005>
`)
  expect(facts.map(({ kind }) => kind)).toEqual(['begun', 'call', 'call', 'begun', 'call'])
  expect(facts[2]).toMatchObject({
    tid: 7,
    t: 1_000_001,
    took: 8,
    args: ['3<pipe:[5]>', '"hi"', '100'],
    result: 2,
  })
  expect(facts[4]).toMatchObject({ name: 'clone3', result: 11 })
})

test('execve(2) of another thread returns in the first thread', () => {
  const { facts, unreadable } = parse(`7 1.000001 read(0,  <unfinished ...>
8 1.000002 execve("/bin/true", ["true"], 0x7f /* 9 vars */ <unfinished ...>
7 1.000003 +++ superseded by execve in pid 8 +++
7 1.000004 <... execve resumed>) = 0 <0.000002>
`)
  expect(unreadable).toBe(0)
  expect(facts.at(-1)).toMatchObject({
    tid: 7,
    name: 'execve',
    args: ['"/bin/true"', '["true"]', '0x7f /* 9 vars */'],
  })
})

test('a line that was not finished when strace was killed is a call that has not returned', () => {
  const { facts, unreadable } = parse(
    '7 1.000001 clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=30, tv_nsec=0}, ',
  )
  expect(unreadable).toBe(0)
  expect(facts).toMatchObject([{ kind: 'begun', name: 'clock_nanosleep' }])
})

test('descriptors are what strace names', () => {
  expect(descriptorIn('3<pipe:[85394]>')).toEqual({ fd: 3, kind: 'pipe', inode: '85394' })
  expect(descriptorIn('15</tmp/fo\\74\\76\\"o->(deleted)')).toEqual({
    fd: 15,
    kind: 'path',
    path: '/tmp/fo<>"o-',
    deleted: true,
  })
  expect(descriptorIn('0</dev/null<char 1:3>>')).toMatchObject({ path: '/dev/null', device: 'char 1:3' })
  expect(descriptorIn('5<TCP:[127.0.0.1:1->127.0.0.1:2]>')).toMatchObject({
    kind: 'socket',
    protocol: 'TCP',
    local: '127.0.0.1:1',
    peer: '127.0.0.1:2',
  })
  expect(descriptorIn('6<TCPv6:[[::1]:1->[::1]:2]>')).toMatchObject({ local: '[::1]:1', peer: '[::1]:2' })
  expect(descriptorIn('4<UNIX-STREAM:[7->8,"/tmp/s"]>')).toMatchObject({
    local: '7',
    peer: '8',
    path: '/tmp/s',
  })
  expect(descriptorIn('8<anon_inode:[eventfd]>')).toEqual({ fd: 8, kind: 'anonymous', name: 'eventfd' })
  expect(descriptorIn('9<pid:812>')).toEqual({ fd: 9, kind: 'process', pid: 812 })
  expect(descriptorIn('-1')).toBeUndefined()
  expect(descriptorsIn('[3<pipe:[1]>, 4<pipe:[1]>]').map(({ fd }) => fd)).toEqual([3, 4])
})

test('strings are decoded, and those that strace has cut too', () => {
  expect(unquoted('"a\\n\\"\\\\\\t\\303\\244\\x41"')).toBe('a\n"\\\täA')
  expect(unquoted('"abc"...')).toBe('abc')
  expect(unquoted('NULL')).toBe('')
})

describe.skipIf(noStrace)(`real logs${whyNoStrace}`, () => {
  const inC = `#include <unistd.h>
#include <sys/wait.h>
#include <stdlib.h>
int main(void) { int p[2]; pipe(p); if (!fork()) { write(p[1], "a\\"b\\n", 4); abort(); }
  char b[9]; read(p[0], b, 9); close(99); close(-1); return wait(0) < 0; }`
  const threads = `import threading, os, socket
a, b = socket.socketpair(); r, w = os.pipe(); socket.send_fds(a, [b'x'], [w]); socket.recv_fds(b, 1, 1)
t = [threading.Thread(target=lambda: os.write(w, os.urandom(200))) for _ in range(4)]
[x.start() for x in t]; [x.join() for x in t]
if os.fork() == 0: threading.Thread(target=lambda: os.execv('/bin/echo', ['echo', 'a\\nb'])).start()
else: os.wait()`
  const programs: [name: string, needed: string, words: string[]][] = [
    ['bash', 'bash', ['bash', '-c', 'seq 99 | sort -r > x; (exit 3); cat < x | wc -l; kill -9 $$']],
    ['Python', '/usr/bin/python3', ['/usr/bin/python3', '-c', threads]],
    ['perl', 'perl', ['perl', '-e', 'for (1..3) { fork or exec "true" } 1 while wait > 0; print `ls /`']],
    ['Node', 'node', [process.execPath, '-e', 'require("child_process").exec("echo hi", () => {})']],
    ['Java', 'java', ['java', '-version']],
    ['Go', 'go', ['go', 'version']],
  ]

  async function check(path: string): Promise<void> {
    const log = readFileSync(path)
    // Sometimes strace leaves out the newline between execve(2) and what it does to the other threads.
    const lines =
      log.toString('latin1').split(/\n|(?<=execve\(.*\D)(?=\d+ +[\d.]+ \+\+\+ superseded)/).length - 1
    const { facts, unreadable } = parse(log)
    expect(unreadable).toBe(0)
    expect(facts.length).toBe(lines)
    // An independent count of what returned, and of what exited.
    const text = log.toString('latin1')
    const returned = text
      .split('\n')
      .filter((line) => / = (?:\?|-?\d|0x)/.test(line) && !/^\d+ +[\d.]+ (?:---|\+\+\+)/.test(line))
    const calls = facts.filter(({ kind }) => kind === 'call')
    expect(calls.length).toBeLessThanOrEqual(returned.length)
    expect(calls.length).toBeGreaterThan(20)
    expect(facts.filter(({ kind }) => kind === 'gone').length).toBe(
      text.match(/^\d+ +[\d.]+ \+\+\+ (?:exited|killed)/gm)?.length,
    )
    for (const sizes of [
      [7, 1000],
      [4096, 1],
    ])
      expect(parse(log, sizes).facts).toEqual(facts)
  }

  test.skipIf(noCompiler)('of a program in C', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'a.c'), inC)
    const { spawnSync } = await import('node:child_process')
    expect(spawnSync(cc, ['-w', '-o', join(folder, 'a'), join(folder, 'a.c')]).status).toBe(0)
    await check(await traced(['./a'], folder))
  })

  for (const [name, needed, words] of programs)
    test
      .skipIf(!has(needed))
      .concurrent(
        `of a program in ${name}${has(needed) ? '' : ` (skipped: there is no ${needed})`}`,
        async ({ onTestFinished }) => {
          // That of vitest itself is for tests that run alone.
          const folder = mkdtempSync(join(tmpdir(), 'osdemo-test-'))
          onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
          await check(await traced(words, folder))
        },
      )

  test('a log that was damaged anywhere is read to its end, and each bad line counts once', async () => {
    const log = readFileSync(await traced(['sh', '-c', 'seq 9 | sort | cat; kill -9 $$'])).toString('latin1')
    const clean = parse(log).facts.length
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.nat(log.length - 1),
            fc.constantFrom('"', '<', '(', ')', '\\', '=', ' ', '', 'x', '\0'),
          ),
          { maxLength: 20 },
        ),
        (damage) => {
          const text = [...damage]
            .sort(([a], [b]) => b - a)
            .reduce((all, [place, char]) => `${all.slice(0, place)}${char}${all.slice(place + 1)}`, log)
          const lines = text.split('\n').filter((line) => line !== '').length
          const { facts, unreadable } = parse(Buffer.from(text, 'latin1'))
          expect(facts.length + unreadable).toBe(lines)
          expect(facts.length).toBeGreaterThan(clean - 60)
        },
      ),
      { numRuns: 25 },
    )
  })
})

test.each(['execve("/bin/echo", ["echo"], 0x7ffe /* 72 vars */', 'futex(0xa5b8f0, FUTEX_WAIT, 0, NULL'])(
  'a thread executes a program, and strace writes no newline after %s',
  (head) => {
    const isExec = head.startsWith('execve')
    const lines = [
      ...(isExec
        ? []
        : ['19570 5.000001 execve("/bin/echo", ["echo"], 0x7ffe /* 72 vars */ <unfinished ...>']),
      `19568 5.000002 ${head}19568 5.000003 +++ superseded by execve in pid 19570 +++`,
      '19568 5.000004 <... execve resumed>) = 0 <0.000003>',
    ]
    const { facts, unreadable } = parse(Buffer.from(`${lines.join('\n')}\n`))
    expect(unreadable).toBe(0)
    expect(facts).toContainEqual(expect.objectContaining({ kind: 'superseded', tid: 19568, by: 19570 }))
    expect(facts.at(-1)).toMatchObject({ kind: 'call', name: 'execve', tid: 19568, result: 0 })
    expect(facts.at(-1)).toMatchObject({ args: ['"/bin/echo"', '["echo"]', expect.anything()] })
  },
)

test('text of any kind is counted, and never fatal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const lines = Buffer.from(text)
        .toString('latin1')
        .split('\n')
        .filter((line) => line !== '')
      const { facts, unreadable } = parse(text)
      expect(facts.length + unreadable).toBe(lines.length)
    }),
  )
  const long = `7 1.000001 writev(1, [${'{iov_base="x", iov_len=1}, '.repeat(60_000)}]) = 1\n7 1.000002 close(1) = 0\n`
  expect(parse(long)).toMatchObject({ unreadable: 1, facts: [{ name: 'close' }] })
  expect(scan('a, [b, c], "d,)"', 0)).toEqual({ args: ['a', '[b, c]', '"d,)"'], end: -1 })
})
