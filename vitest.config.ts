import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Node would read them at each of the thousand starts of it: two thirds of the CPU time of a start.
delete process.env.NODE_EXTRA_CA_CERTS

/**
 * A test that imports test/support/osdemo.ts starts the program, one that imports findings.ts runs programs under strace, and one
 * that names a file of dist/ reads what the build has made. A browser takes too long for a unit test. Every other test is one: it
 * needs no build.
 */
const needsBuild = /support\/(osdemo|falsify|findings)\.js'|'dist\/|'playwright-core'/
const units = readdirSync('test', { recursive: true })
  .map((name) => join('test', String(name)))
  .filter((file) => file.endsWith('.test.ts') && !needsBuild.test(readFileSync(file, 'utf8')))

export default defineConfig({
  test: {
    // What tests stub they restore, and they leave nothing behind in their worker, so that each file need not load everything again.
    isolate: false,
    // Real processes on a loaded machine: a deadline of `until` must pass first, with its message.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // For `npm run coverage`. Programs that a test starts run from the build, and are not counted.
    coverage: {
      include: ['src/**'],
      reporter: ['text-summary', ['text-summary', { file: 'coverage.txt' }], 'html'],
    },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: units, maxWorkers: 4 },
      },
      {
        extends: true,
        test: {
          name: 'together',
          globalSetup: 'test/support/build.ts',
          include: ['test/**/*.test.ts'],
          exclude: units,
          // Most tests wait for other processes most of the time: more workers than CPUs, and none idles.
          maxWorkers: 4,
        },
      },
    ],
  },
})
