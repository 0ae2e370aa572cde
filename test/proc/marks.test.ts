import { describe, expect, test } from 'vitest'
import { parseMarks, parsePointers, readMappedSize, readMarks, readPointers } from '../../src/proc/marks.js'
import { readSmaps } from '../../src/proc/smaps.js'
import { NO_PID, start } from '../support/children.js'
import { until } from '../support/until.js'

/** `cat /proc/self/stat` on Linux 6.18. */
const STAT =
  '3658 (a) R 1 (b) R 3650 3651 2797 0 -1 4194304 99 0 0 0 3 4 0 0 20 0 1 0 90414 3133440 358 18446744073709551615 ' +
  '94031125176320 94031125196201 140733766740080 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 94031125212208 94031125213824 ' +
  '94031630823424 140733766748899 140733766748919 140733766748919 140733766750187 0\n'

test('parseMarks reads the addresses that the kernel keeps', () => {
  expect(parseMarks(STAT)).toEqual({
    startStack: 140733766740080n,
    startBrk: 94031630823424n,
  })
})

test('parseMarks finds no addresses where a stranger may not know them', () => {
  const text = `2 (kthreadd) S 0 0 0 0 -1 2129984${' 0'.repeat(18)} 1 1${' 0'.repeat(40)}\n`
  expect(parseMarks(text)).toEqual({ startStack: undefined, startBrk: undefined })
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

describe.runIf(process.platform === 'linux')('of a real process', () => {
  test('the stack pointer lies in its stack, and the sizes of its mappings add up', async () => {
    const { pid } = start('cat', [], ['pipe', 'ignore', 'ignore'])
    const { stack } = await until(() => readPointers(pid))
    const mappings = await until(() => readSmaps(pid)?.filter(({ name }) => name !== '[vsyscall]'))
    const stackMapping = mappings.find(({ name }) => name === '[stack]')!
    expect(stack >= stackMapping.from && stack < stackMapping.to).toBe(true)
    const { startStack, startBrk } = readMarks(pid)!
    expect(startStack! >= stackMapping.from && startStack! < stackMapping.to).toBe(true)
    const heap = mappings.find(({ name }) => name === '[heap]')
    if (heap) expect(startBrk).toBe(heap.from)
    expect(readMappedSize(pid)).toBe(mappings.reduce((sum, { from, to }) => sum + Number(to - from), 0))
  })

  test('there is nothing to see where there is none', () => {
    expect([readMarks(NO_PID), readPointers(NO_PID), readMappedSize(NO_PID)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
