import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/build.ts',
    // Real processes on a loaded machine: a deadline of `until` must pass first, with its message.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
