/** Runs a demo in the process of the test, so that the test can replace what the demo looks at. */
import { onTestFinished, vi } from 'vitest'
import type { Event } from '../../src/events.js'
import type { Output } from '../../src/run/output.js'
import { run } from '../../src/run/run.js'
import type { Demo } from '../../src/run/stage.js'
import { temporaryFolder } from './folders.js'

/**
 * Runs a demo to its end, with a runtime folder made for the test.
 *
 * @param watch gets each event when it is shown
 * @returns the events, and the error with which the run ended, where it did
 */
export async function perform(demo: Demo, watch: (event: Event) => unknown = () => {}) {
  const events: Event[] = []
  const output: Output = {
    write(event) {
      events.push(event)
      watch(event)
    },
    full: false,
    onceDrained: () => {},
    hurry: () => {},
    onFailure: () => {},
    end: () => {},
  }
  vi.stubEnv('XDG_RUNTIME_DIR', temporaryFolder())
  onTestFinished(() => void vi.unstubAllEnvs())
  const error: unknown = await run(demo, { command: ['test'], output, records: [] }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { events, error }
}
