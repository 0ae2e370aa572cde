/** Disturbs a demo in the process of the test at an exact moment: between two of its steps. */
import type { Fact } from '../../src/events.js'
import type { Demo } from '../../src/run/stage.js'

/**
 * The same demo, which waits less long for what does not happen.
 *
 * @param before is called just before each thing that the demo itself shows, and when an actor has started
 * @param beforePoll is called just before each poll
 * @param patience how long a poll waits at most, in milliseconds
 */
export function meddled(demo: Demo, before = (_: Fact) => {}, beforePoll = () => {}, patience = 300): Demo {
  return (stage) =>
    demo({
      ...stage,
      async start(spec, streams) {
        const actor = await stage.start(spec, streams)
        before({ event: 'started', child: actor.id, name: actor.name, kind: 'process' })
        return actor
      },
      poll(look, milliseconds = patience) {
        beforePoll()
        return stage.poll(look, Math.min(milliseconds, patience))
      },
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
