import { expect, test } from 'vitest'
import { allocate } from '../../src/ipc/libc.js'
import { readInt } from '../../src/proc/process-memory.js'
import { NO_PID } from '../support/children.js'

test.runIf(process.platform === 'linux')(
  'readInt reads memory, and returns undefined where nothing is mapped',
  () => {
    // `allocate` sets each byte to 1.
    expect(readInt(process.pid, allocate(64))).toBe(0x01010101)
    expect(readInt(process.pid, 0n)).toBeUndefined()
    expect(readInt(NO_PID, 4096n)).toBeUndefined()
  },
)
