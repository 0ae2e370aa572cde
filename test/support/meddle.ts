/** Disturbs a demo in the process of the test at an exact moment: between two of its steps. */
import type { Fact } from '../../src/events.js'
import type { Demo } from '../../src/run/stage.js'

/** How long a poll of a demo waits for what a test prevents, in milliseconds. */
const patience = 300

/**
 * The same demo, which waits less long for what does not happen.
 *
 * @param before is called just before each thing that the demo itself shows
 */
export function meddled(demo: Demo, before: (fact: Fact) => void = () => {}): Demo {
  return (stage) =>
    demo({
      ...stage,
      poll: (look, milliseconds = patience) => stage.poll(look, Math.min(milliseconds, patience)),
      say(fact, at) {
        before(fact)
        stage.say(fact, at)
      },
      claim(id, text, holds, row) {
        before({ event: 'claim', id, text, holds })
        return stage.claim(id, text, holds, row)
      },
      evidence(source, value, about, more) {
        before({ event: 'evidence', source, value, about })
        stage.evidence(source, value, about, more)
      },
    })
}
