import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { bootId, kernelVersion } from '../../src/proc/boot.js'

test.runIf(process.platform === 'linux')('a boot has a UUID', () => {
  expect(bootId()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})

test('the kernel has the version that uname says', () => {
  expect(kernelVersion()).toBe(execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim())
})
