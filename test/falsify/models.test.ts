/** Claims of `models` that come out false. */
import { closeSync, constants, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { models } from '../../src/demos/models/index.js'
import type { Event, Fact } from '../../src/events.js'
import type { Demo } from '../../src/run/stage.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { meddled } from '../support/meddle.js'
import { newPlace, parseEvents } from '../support/osdemo.js'
import { perform } from '../support/perform.js'
import { until } from '../support/until.js'

/** The same demo, whose receiver begins only after `before`. */
function withLateReceiver(demo: Demo, before: () => Promise<void>): Demo {
  return (stage) =>
    demo({
      ...stage,
      async start(spec, streams) {
        const actor = await stage.start(spec, streams)
        const tell: typeof actor.tell = (word) => void before().then(() => actor.tell(word))
        return spec.name === 'receiver' ? Object.create(actor, { tell: { value: tell } }) : actor
      },
    })
}

/** Another process has the FIFO open too, and takes the first message. @param instead what it writes in its place */
async function robbed(instead?: Buffer): Promise<Event[]> {
  let fd = -1
  const enter = (fact: Fact) => {
    if (fact.event === 'created' && fact.kind === 'fifo')
      fd = openSync(fact.id, constants.O_RDWR | constants.O_NONBLOCK)
  }
  const message = Buffer.alloc(64)
  const take = () => {
    try {
      return readSync(fd, message)
    } catch {
      return 0
    }
  }
  const rob = async () => {
    await until(take)
    if (instead) writeSync(fd, instead)
    closeSync(fd)
  }
  return (await perform(withLateReceiver(meddled(models, enter), rob))).events
}

falsify(
  [
    'models/passing-needs-calls-for-each-message',
    'models/passing-copies-through-the-kernel',
    'models/messages-arrive-as-sent',
  ],
  'another process takes a message out of the FIFO',
  () => robbed(),
)

falsify(
  ['models/messages-arrive-as-sent'],
  'another process replaces a message in the FIFO by one of its own',
  () => robbed(Buffer.alloc(64, '.')),
)

/** A program that copies through the kernel what it puts into shared memory. */
const copier = `
if (process.argv[1]?.endsWith('model-side.cjs')) {
  const { openSync, writeSync } = require('node:fs')
  const to = openSync('/dev/null', 'w')
  const { store } = Atomics
  const message = Buffer.alloc(64)
  Atomics.store = (...all) => {
    writeSync(to, message)
    return store(...all)
  }
}
`

falsify(
  ['models/sharing-bypasses-the-kernel'],
  'processes that write each message to a file too',
  async () => {
    const file = join(temporaryFolder(), 'copier.cjs')
    writeFileSync(file, copier)
    const run = newPlace().osdemo(['models', '--json'], { env: { NODE_OPTIONS: `--require=${file}` } })
    await run.exit
    return parseEvents(run.stdout())
  },
)
