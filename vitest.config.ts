import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most tests wait for other processes most of the time: more workers than CPUs, and none idles.
    maxWorkers: 4,
    globalSetup: 'test/build.ts',
    // Real processes on a loaded machine: a deadline of `until` must pass first, with its message.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
