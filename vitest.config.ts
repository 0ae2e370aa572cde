import { defineConfig } from 'vitest/config'

// Node would read them at each of the thousand starts of it: two thirds of the CPU time of a start.
delete process.env.NODE_EXTRA_CA_CERTS

/** In these a process waits to open a FIFO that nobody can name. While it does, no FIFO is removed: it might be that one. */
const alone = ['test/demos/why/odd.test.ts', 'test/run/runtime-folder.test.ts']

export default defineConfig({
  test: {
    // What tests stub they restore, and they leave nothing behind in their worker, so that each file need not load everything again.
    isolate: false,
    globalSetup: 'test/support/build.ts',
    // Real processes on a loaded machine: a deadline of `until` must pass first, with its message.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: alone,
          // Most tests wait for other processes most of the time: more workers than CPUs, and none idles.
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
