/** The functions that debuggers print, and the calls that strace prints. */
import { expect, test } from 'vitest'
import { parseEuStack, parseGdb } from '../../src/demos/why/frames.js'
import { parseCalls } from '../../src/demos/why/repeated-calls.js'

test('eu-stack: names, files and lines, each where it is known', () => {
  const text = `TID 29327:
#0  0x00007f3c2fad45da semtimedop - /usr/lib/x86_64-linux-gnu/libc.so.6
    ../sysdeps/unix/sysv/linux/semtimedop.c:30:10
#1  0x00005621e31831cc std::map<int, char>::at(int const&) - /tmp/a program
    /tmp/a b.cc:5:53
#2  0x00005621e31830d1 - /tmp/a program
#3  0x00005621e31830d1
eu-stack: dwfl_thread_getframes tid 1 at 0x5 in <unknown>: no matching address range
`
  expect(parseEuStack(text)).toEqual([
    {
      function: 'semtimedop',
      module: '/usr/lib/x86_64-linux-gnu/libc.so.6',
      source: '../sysdeps/unix/sysv/linux/semtimedop.c:30',
    },
    { function: 'std::map<int, char>::at(int const&)', module: '/tmp/a program', source: '/tmp/a b.cc:5' },
    { module: '/tmp/a program' },
    {},
  ])
})

test('gdb: names, files and lines, each where it is known', () => {
  const text = `0x00007f555 in read () at read.c:26
#0  0x00007f5551370f36 in read () from /lib/x86_64-linux-gnu/libc.so.6
#1  std::map<int, char>::at (this=..., key=...) at /tmp/a.cc:5
#2  0x000055fe898cf21e in ?? ()
[Inferior 1 (process 32583) detached]
`
  expect(parseGdb(text)).toEqual([
    { function: 'read', module: '/lib/x86_64-linux-gnu/libc.so.6' },
    { function: 'std::map<int, char>::at', source: '/tmp/a.cc:5' },
    {},
  ])
})

test('strace: the calls that a loop repeats, each with its outcome', () => {
  const repeat = (count: number, line: string) => `${line}\n`.repeat(count)
  const text =
    repeat(60, 'read(3<pipe:[77]>, 0x7ffd, 1) = -1 EAGAIN (Resource temporarily unavailable)') +
    repeat(30, 'poll([{fd=3<pipe:[77]>, events=POLLIN}], 1, 0) = 1 ([{fd=3, revents=POLLHUP}])') +
    repeat(5, 'write(1</tmp/a, (b)>, ""..., 12)       = 12') +
    'brk(NULL) = 0x55e\n--- SIGALRM {si_signo=SIGALRM} ---\nread(3<pipe:[77]>,  <detached ...>\n'
  expect(parseCalls(text)).toEqual({
    calls: 96,
    repeated: [
      { call: 'read', fd: 3, target: 'pipe:[77]', errno: 'EAGAIN', count: 60 },
      { call: 'poll', result: 1, count: 30 },
    ],
  })
})
