/** An actor's line to its supervisor. The test is the supervisor. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { lineSplitter } from '../../../src/text.js'
import { temporaryFolder } from '../../support/osdemo.js'
import { until } from '../../support/until.js'

/** Builds an entry file and starts it as an actor. Its code does not start to run until `go` is called. */
async function startActor(fixture: string) {
  const outfile = join(temporaryFolder(), 'actor.cjs')
  const entry = `test/run/fixtures/${fixture}.ts`
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['koffi'],
    outfile,
  })
  const child = spawn('sh', ['-c', 'read go; exec "$@"', 'sh', process.execPath, outfile], {
    stdio: ['pipe', 'ignore', 'inherit', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  // The casts hold because descriptors 3 and 4 were requested as pipes.
  const [out, line] = [child.stdio[3] as Readable, child.stdio[4] as Writable]
  const events: Event[] = []
  out.on(
    'data',
    lineSplitter((text) => void events.push(JSON.parse(text))),
  )
  out.pause()
  return {
    events,
    /** Resolves when the kernel has taken the text. */
    write: (text: string) => new Promise((resolve) => line.write(text, resolve)),
    go: () => child.stdin?.write('\n'),
    read: () => out.resume(),
    ended: once(child, 'close'),
  }
}

const config = `${JSON.stringify({ name: 'other', config: null, hasDeathSignal: true })}\n`

test('a character of a command survives when the first read ends in the middle of it', async () => {
  const actor = await startActor('echoing-actor')
  // The first read takes 64 KiB. The characters have two bytes each, and the offset of the first one makes the read end inside one.
  const word = `${'.'.repeat(config.length % 2)}${'ö'.repeat(33_000)}`
  await actor.write(`${config}${JSON.stringify(word)}\n`)
  actor.go()
  actor.read()
  const note = await until(() => actor.events.find(({ event }) => event === 'note'))
  expect(note).toMatchObject({ actor: 'other', text: word })
})

test('a server whose events are not read continues, and reports under its own name how many it dropped', async () => {
  const actor = await startActor('flooding-server')
  await actor.write(config)
  actor.go()
  actor.read()
  const isReport = (event: Event) => event.event === 'note' && /^\d+ events/.test(event.text)
  const report = await until(() => actor.events.find(isReport))
  expect(report).toMatchObject({ actor: 'other', role: 'aside' })
  const dropped = Number(/^\d+/.exec((report as { text: string }).text))
  expect(dropped).toBe(20_000 - (actor.events.length - 1))
})
