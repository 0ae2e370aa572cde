import { expect, test } from 'vitest'
import { bootId } from '../../src/proc/boot.js'

test.runIf(process.platform === 'linux')('a boot has a UUID', () => {
  expect(bootId()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})
