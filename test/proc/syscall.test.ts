import { describe, expect, test } from 'vitest'
import { readSmaps } from '../../src/proc/smaps.js'
import { parseMemoryMarks, readMemoryMarks } from '../../src/proc/stat.js'
import { readStatus } from '../../src/proc/status.js'
import { parsePointers, parseSyscall, readPointers } from '../../src/proc/syscall.js'
import { NO_PID, start } from '../support/children.js'
import { until } from '../support/until.js'

/** `cat /proc/self/stat` on Linux 6.18. */
const STAT =
  '3658 (a) R 1 (b) R 3650 3651 2797 0 -1 4194304 99 0 0 0 3 4 0 0 20 0 1 0 90414 3133440 358 18446744073709551615 ' +
  '94031125176320 94031125196201 140733766740080 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 94031125212208 94031125213824 ' +
  '94031630823424 140733766748899 140733766748919 140733766748919 140733766750187 0\n'

test('parseMemoryMarks reads the addresses of stack and heap', () => {
  expect(parseMemoryMarks(STAT)).toEqual({
    startStack: 140733766740080n,
    startBrk: 94031630823424n,
  })
})

test('parseMemoryMarks returns undefined where another user may not read the addresses', () => {
  const text = `2 (kthreadd) S 0 0 0 0 -1 2129984${' 0'.repeat(18)} 1 1${' 0'.repeat(40)}\n`
  expect(parseMemoryMarks(text)).toEqual({ startStack: undefined, startBrk: undefined })
})

test.each([
  ['0 0x3 0x7f11 0x400 0x0 0x0 0x0 0x7ffd14b3c6a8 0x7f11f3d142ad\n', 0x7ffd14b3c6a8n],
  ['-1 0x7ffd14b3c6a8 0x7f11f3d142ad\n', 0x7ffd14b3c6a8n],
  ['running\n', undefined],
  ['0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n', undefined],
  ['', undefined],
])('parsePointers reads the stack pointer of %j', (text, stack) => {
  expect(parsePointers(text)?.stack).toBe(stack)
})

test.each([
  ['a running thread', 'running\n', 'running'],
  ['a thread outside of system calls', '-1 0x7ffe62aeb9a8 0x7fb916beb2ad\n', { number: -1, args: [] }],
  ['a thread that exits', '-1 0x0 0x0\n', { number: -1, args: [] }],
  ['a kernel thread', '0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n', { number: -1, args: [] }],
  [
    'a thread in read(2)',
    '0 0x3 0x7fb916a6f000 0x20000 0x7fb916b02b60 0xffffffffffffffff 0x0 0x7ffe62aeb9a8 0x7fb916beb2ad\n',
    { number: 0, args: [3n, 0x7fb916a6f000n, 0x20000n, 0x7fb916b02b60n, 2n ** 64n - 1n, 0n] },
  ],
])('parses the syscall file of %s', (_, text, syscall) => {
  expect(parseSyscall(text)).toEqual(syscall)
})

describe.runIf(process.platform === 'linux')('of a real process', () => {
  test('the stack pointer lies in its stack, and the sizes of its mappings add up', async () => {
    const { pid } = start('cat', [], ['pipe', 'ignore', 'ignore'])
    const { stack } = await until(() => readPointers(pid))
    // The heap exists after the first malloc(3).
    const mappings = await until(() => {
      const all = readSmaps(pid)?.filter(({ name }) => name !== '[vsyscall]')
      return all?.some(({ name }) => name === '[heap]') && all
    })
    const stackMapping = mappings.find(({ name }) => name === '[stack]')!
    expect(stack >= stackMapping.from && stack < stackMapping.to).toBe(true)
    const { startStack, startBrk } = readMemoryMarks(pid)!
    expect(startStack! >= stackMapping.from && startStack! < stackMapping.to).toBe(true)
    expect(startBrk).toBe(mappings.find(({ name }) => name === '[heap]')?.from)
    expect(readStatus(pid)?.mapped).toBe(mappings.reduce((sum, { from, to }) => sum + Number(to - from), 0))
  })

  test('that does not exist has no pointers', () => {
    expect([readMemoryMarks(NO_PID), readPointers(NO_PID)]).toEqual([undefined, undefined])
  })
})
