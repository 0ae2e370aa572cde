/** `shm read --follow`: which texts it prints, what it reports about the others, and how often it wakes while nothing happens. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { openText } from '../../../src/ipc/segment-text.js'
import { makeSegment, removeSegment } from '../../../src/ipc/sysv-shm.js'
import { readSwitches } from '../../../src/proc/sched.js'
import { isRemoved } from '../../../src/proc/sysvipc-shm.js'
import { threads } from '../../../src/proc/task.js'
import {
  eventsSoFar,
  newPlace,
  type Place,
  parseEvents,
  processesOf,
  temporaryFolder,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const size = 1024

let next = 0x6800_0000 + (process.pid % 0x1_0000) * 64

/** A segment of this test, and a run that follows it. */
function followed(place = newPlace()) {
  const key = next++
  const id = makeSegment(key, size, 0o600)!
  const remove = () => isRemoved(id) || removeSegment(id)
  onTestFinished(() => void remove())
  const run = place.osdemo(['shm', 'read', '--follow', '--key', `${key}`, '--json'])
  const received = () =>
    eventsSoFar(run).flatMap((event) => (event.event === 'received' ? (event.text ?? []) : []))
  const over = async () => {
    remove()
    expect(await run.exit).toBe(0)
    return parseEvents(run.stdout())
  }
  return { key, id, run, received, over }
}

/** The notes with this field in their data. */
function notes(events: Event[], field: string) {
  return events.flatMap((event) => {
    const data = event.event === 'note' ? event.data : undefined
    return typeof data === 'object' && field in data ? [data as Record<string, number | boolean>] : []
  })
}

test('every text of osdemo is printed or counted as missed', async () => {
  const { id, received, over } = followed()
  await until(() => received().length === 1)
  const writer = openText({ id }, size, { room: size })
  onTestFinished(writer.detach)
  // Slow enough for the reader, and too fast for it.
  for (const pause of [20, 0]) {
    for (let i = 0; i < 30; i++) {
      writer.write(Buffer.from(`${pause} ${i % 29}`))
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  await until(() => received().at(-1) === '0 0')
  const events = await over()
  const missed = notes(events, 'missed')
  const printed = events.filter(({ event }) => event === 'received').length - 1
  expect(missed.every(({ exact }) => exact === true)).toBe(true)
  expect(printed + missed.reduce((sum, each) => sum + Number(each.missed), 0)).toBe(60)
  expect(missed.length).toBeGreaterThan(0)
  expect(notes(events, 'uncounted')).toEqual([])
  // The pause between two looks grows to 300 ms: without a wake-up, most texts would be missed.
  expect(printed).toBeGreaterThan(15)
})

test('osdemo shm write wakes a reader that sleeps', async () => {
  const { key, id, received, over } = followed()
  await until(() => received().length === 1)
  const reader = openText({ id }, size, 'read')
  onTestFinished(reader.detach)
  const look = reader.look()
  // It stays: the signal that a child has exited would interrupt the sleep as well.
  newPlace().osdemo(['shm', 'write', 'hello', '--hold', '--key', `${key}`])
  const start = performance.now()
  // This blocks the thread of this test.
  await reader.sleep(look, 40_000)
  expect(performance.now() - start).toBeLessThan(30_000)
  await until(() => received().at(-1) === 'hello')
  await over()
})

const writers = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>
/* slow: a text every 5 ms until the end of stdin. busy: one after the other, for 1 second of CPU time or 4 seconds. */
#include <poll.h>
#include <time.h>
int main(int argc, char **argv) {
  char *memory = shmat(shmget(atoi(argv[2]), 1024, 0600), 0, 0), text[1024];
  struct pollfd in = {0, POLLIN};
  time_t end = time(0) + 4;
  for (int i = 0; strcmp(argv[1], "slow") == 0 ? poll(&in, 1, 5) == 0 : clock() < CLOCKS_PER_SEC && time(0) < end; i++) {
    sprintf(text, "%d ", i);
    memset(text + strlen(text), 'A' + i % 26, 200);
    text[204] = 0;
    strcpy(memory, text);
  }
}`

/** Compiles the writers above. */
function compiledWriters(): string {
  const program = join(temporaryFolder(), 'writers')
  writeFileSync(`${program}.c`, writers)
  execFileSync('cc', ['-w', '-o', program, `${program}.c`])
  return program
}

const hasCompiler = spawnSync('cc', ['--version']).status === 0

test.skipIf(!hasCompiler)(
  `texts of a C program are printed, whole or marked${hasCompiler ? '' : ' (needs a C compiler)'}`,
  async () => {
    const program = compiledWriters()
    const start = (how: string, key: number) => {
      const child = spawn(program, [how, `${key}`], { stdio: ['pipe', 'ignore', 'inherit'] })
      onTestFinished(() => void child.kill('SIGKILL'))
      const exit = new Promise((resolve) => child.once('exit', resolve))
      return { child, exit }
    }
    const isWhole = (text: string) => /^\d+ (.)\1*$/.test(text) || text === ''

    const slow = followed()
    const busy = followed()
    await until(() => slow.received().length === 1 && busy.received().length === 1)
    const [slowWriter, busyWriter] = [start('slow', slow.key), start('busy', busy.key)]
    await until(() => slow.received().length >= 30)
    slowWriter.child.stdin.end()
    await Promise.all([slowWriter.exit, busyWriter.exit])

    const fromSlow = await slow.over()
    expect(slow.received().every(isWhole)).toBe(true)
    expect(notes(fromSlow, 'uncounted')).toHaveLength(1)
    const written = Number(slow.received().at(-1)!.split(' ')[0]) + 1
    const missed = notes(fromSlow, 'missed')
    expect(missed.every(({ exact }) => exact === false)).toBe(true)
    expect(
      slow.received().length - 1 + missed.reduce((sum, each) => sum + Number(each.missed), 0),
    ).toBeLessThanOrEqual(written)

    const fromBusy = await busy.over()
    const kept = fromBusy.filter(
      (event, at) => event.event === 'received' && notes(fromBusy.slice(at + 1, at + 2), 'torn').length === 0,
    )
    expect(
      kept
        .flatMap((event) => (event.event === 'received' ? (event.text ?? []) : []))
        .filter((text) => !isWhole(text)),
    ).toEqual([])
    expect(notes(fromBusy, 'torn').length).toBeGreaterThan(0)
    expect(notes(fromBusy, 'missed').length).toBeGreaterThan(0)
  },
)

/** The voluntary context switches of all threads of a place: how often one of them went to sleep. */
function sleeps(place: Place): number {
  const tids = processesOf(place).flatMap((pid) => threads(pid))
  return tids.reduce((sum, tid) => sum + (readSwitches(tid)?.voluntary ?? 0), 0)
}

test('while nothing happens, a run that follows wakes fewer than 5 times a second', async () => {
  const place = newPlace()
  const { received, over } = followed(place)
  await until(() => received().length === 1)
  const perSecond = async () => {
    const [before, start] = [sleeps(place), performance.now()]
    await new Promise((resolve) => setTimeout(resolve, 2000))
    return ((sleeps(place) - before) / (performance.now() - start)) * 1000
  }
  await until(async () => (await perSecond()) < 5)
  expect(processesOf(place)).toHaveLength(2)
  await over()
})
