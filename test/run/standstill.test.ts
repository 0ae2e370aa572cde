/** Whatever a demo waits for, it does not wait without end: another process stops an actor, takes a message, or keeps it from starting. */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { openQueue } from '../../src/ipc/posix-mq.js'
import { isAlive } from '../../src/proc/stat.js'
import { only } from '../support/facts.js'
import { impostors, placeWith } from '../support/impostors.js'
import {
  eventsSoFar,
  expectNothingLeft,
  newPlace,
  type Place,
  parseEvents,
  type Run,
} from '../support/osdemo.js'
import { until } from '../support/until.js'

/** The time limit of a run that makes no progress, in milliseconds. osdemo ends such a run after 10 s. */
const patience = 25_000

/** Runs a demo, disturbs it, and waits for its end. @returns what it has said about the standstill, and how it ended */
async function disturbed(
  words: string[],
  disturb: (run: Run) => Promise<unknown>,
  place: Place = newPlace(),
) {
  const run = place.osdemo([...words, '--json'])
  const about = await disturb(run)
  const late = new Promise<'hangs'>((resolve) => setTimeout(resolve, patience, 'hangs'))
  const exit = await Promise.race([run.exit, late])
  const events = parseEvents(run.stdout())
  const notes = only(events, 'note').flatMap(({ data }) =>
    typeof data === 'object' && data !== null && 'waitsFor' in data ? [data] : [],
  )
  if (exit !== 'hangs') expectNothingLeft(place)
  return { demo: words.join(' '), exit, notes, about, last: events.at(-1)?.event }
}

/** The first event of this kind for which the test holds. */
function seen<E extends Event>(run: Run, matches: (event: Event) => event is E): Promise<E> {
  return until(() => eventsSoFar(run).find(matches))
}

const isFrom = (run: Run) => (event: Event) => event.pid !== run.pid

async function stoppedActors(): Promise<void> {
  const demos = ['pipe demo', 'pipe atomic', 'pipe capacity', 'short-reads', 'tcp-echo demo', 'queue matrix']
  const stop = (run: Run) =>
    until(() => {
      // The actor of an earlier event may have exited.
      const pid = eventsSoFar(run).findLast(isFrom(run))?.pid
      if (pid !== undefined && isAlive(pid) && process.kill(pid, 'SIGSTOP')) return pid
      return run.child.exitCode !== null && 'too late'
    })
  // On a loaded machine this test may come too late, and the run ends undisturbed.
  const tryUntilStopped = (demo: string) =>
    until(async () => {
      const result = await disturbed(demo.split(' '), stop)
      return result.exit !== 0 && result
    }, 100_000)
  const runs = await Promise.all(demos.map(tryUntilStopped))
  expect(runs).toEqual(
    demos.map((demo, index) => ({
      demo,
      exit: 1,
      notes: expect.arrayContaining([{ waitsFor: [runs[index]?.about], stopped: true }]),
      about: expect.any(Number),
      last: 'error',
    })),
  )
}

/** Stops the reading actor, takes something in its place, and continues it. */
async function steal(run: Run, reader: number, take: () => boolean): Promise<void> {
  // Stopped too early, it keeps the writers from writing at all: then it continues, and is stopped again.
  await until(async () => {
    process.kill(reader, 'SIGSTOP')
    const taken = await until(take, 300).catch(() => false)
    process.kill(reader, 'SIGCONT')
    return taken
  })
  expect(run.child.exitCode).toBe(null)
}

/** Reads bytes from the FIFO of a run. */
function bytesOf(run: Run, size: number): () => boolean {
  const fifo = only(eventsSoFar(run), 'created').find(({ kind }) => kind === 'fifo')
  const fd = openSync(fifo?.id ?? '', constants.O_RDONLY | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  return () => {
    try {
      return readSync(fd, Buffer.alloc(size)) > 0
    } catch {
      return false
    }
  }
}

function messageOf(run: Run): () => boolean {
  const made = only(eventsSoFar(run), 'created').find(({ kind }) => kind === 'queue')
  const queue = openQueue(made?.id ?? '', 'read', { nonblocking: true })
  onTestFinished(() => queue.close())
  return () => {
    try {
      queue.receive()
      return true
    } catch {
      return false
    }
  }
}

async function takenMessages(): Promise<void> {
  const isReceived = (event: Event) => event.event === 'received'
  // Stopped earlier, it would keep the writers from their first message.
  const isOpen = (event: Event): event is Event =>
    event.event === 'call' && event.actor === 'reader' && event.phase === 'end'
  const neverStarts = impostors({
    setpriv: 'case "$*" in */actors/fifo-reader.cjs) exec sleep 1000;; esac; exec "$real" "$@"',
  })
  const runs = await Promise.all([
    disturbed(['pipe', 'demo'], async (run) => {
      const { pid } = await until(() => eventsSoFar(run).find(isReceived))
      await steal(run, pid, bytesOf(run, 64))
    }),
    disturbed(['pipe', 'atomic'], async (run) => {
      const { pid } = await seen(run, isOpen)
      await steal(run, pid, bytesOf(run, 64))
    }),
    disturbed(['queue', '--receive', 'nonblocking', '--receive-every', '100ms'], async (run) => {
      const { pid } = await until(() => eventsSoFar(run).find(isReceived))
      await steal(run, pid, messageOf(run))
    }),
    disturbed(['pipe', 'demo'], async () => {}, placeWith(neverStarts)),
  ])
  for (const { exit, notes, last } of runs) {
    expect([exit, last]).toEqual([1, 'error'])
    expect(notes.length).toBeGreaterThan(0)
  }
}

/** Sends a message that the demo does not know to its queues of this role, as soon as each is there. */
function foreignMessage(role: string): (run: Run) => Promise<void> {
  return async (run) => {
    const isOf = (event: Event) => event.event === 'created' && event.id.endsWith(`-${role}`)
    const made = await until(() => only(eventsSoFar(run), 'created').find(isOf))
    const queue = openQueue(made.id, 'write', { nonblocking: true })
    queue.send(Buffer.from('another message'))
    queue.close()
  }
}

/** A message of another process makes the sides of a queue lose count of each other. */
async function foreignMessages(): Promise<void> {
  const runs = await Promise.all([
    disturbed(['queue', 'matrix'], foreignMessage('taken')),
    disturbed(['queue', '--capacity', '0'], foreignMessage('ready')),
    disturbed(['queue', '--capacity', '0', '--send', 'nonblocking'], foreignMessage('offer')),
  ])
  // When the message comes late, the run may also end with a claim that failed.
  for (const { exit, last } of runs) expect([exit, last]).toEqual([1, 'error'])
}

// Side by side, because each of them takes 10 seconds.
test('a demo says what it waits for and then fails: an actor is stopped, a message taken or added, an actor never starts', async () => {
  await Promise.all([stoppedActors(), takenMessages(), foreignMessages()])
})
