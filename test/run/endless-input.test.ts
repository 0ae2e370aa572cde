/** Input without an end, such as /dev/zero: it is refused or cut, and never collected. */
import { closeSync, openSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { readAnswers } from '../../src/commands/lib/answers.js'
import { newPlace, parseEvents } from '../support/osdemo.js'
import { until } from '../support/until.js'

/** Runs a command whose stdin is /dev/zero. If it never stops reading, --timeout ends it with 124. */
async function fedWithZeros(words: string[]) {
  const zero = openSync('/dev/zero', 'r')
  onTestFinished(() => closeSync(zero))
  const run = newPlace().osdemo([...words, '--json', '--timeout', '8s'], { stdio: [zero, 'pipe', 'pipe'] })
  const exit = await run.exit
  return { exit, events: parseEvents(run.stdout()) }
}

/** How many bytes of the line had been read when it was refused, as the error says. */
function sizeSoFar({ events }: Awaited<ReturnType<typeof fedWithZeros>>): number {
  const [size] = events.flatMap((event) =>
    event.event === 'error' ? (/\d+(?= bytes)/.exec(event.message) ?? []) : [],
  )
  return Number(size)
}

test('a line that is longer than a message of the queue is refused before its end is read', async () => {
  const run = await fedWithZeros(['queue', 'send', '--name', `/osdemo-test-endless-${process.pid}`])
  expect(run.exit).toBe(1)
  expect(run.events.filter(({ event }) => event === 'sent' || event === 'tally')).toEqual([])
  expect(sizeSoFar(run)).toBeGreaterThan(8192)
  expect(sizeSoFar(run)).toBeLessThan(100_000)
})

test('a line that is longer than a frame is refused before its end is read', async () => {
  const server = createServer((socket) => void socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await until(() => server.listening)
  const { port } = server.address() as AddressInfo
  const run = await fedWithZeros(['tcp-echo', 'client', '--port', `${port}`])
  expect(run.exit).toBe(1)
  expect(sizeSoFar(run) - 2 ** 28).toBeGreaterThan(0)
  expect(sizeSoFar(run) - 2 ** 28).toBeLessThan(100_000)
})

test('a line that a program prints is cut', async () => {
  // A program that waits for nothing before it has printed: the demo reads what was printed until then.
  const script =
    'BEGIN { for (i = 0; i < 1048576; i++) printf "x"; print ""; print "short"; fflush(); getline }'
  const run = newPlace().osdemo(['process', 'layout', '--json', '--', 'awk', script])
  expect(await run.exit).toBe(0)
  const texts = parseEvents(run.stdout()).flatMap((event) => (event.event === 'note' ? [event.text] : []))
  const printed = texts.filter((text) => text.startsWith('The program printed: '))
  expect(printed.map((text) => text.length < 5000)).toEqual([true, true])
  expect(printed[0]).toMatch(/x\.\.\.$/)
  expect(printed[1]).toMatch(/: short$/)
})

test('a file of answers without an end is a wrong one', () => {
  expect(() => readAnswers('/dev/zero', [])).toThrow(expect.objectContaining({ exit: 2 }))
})
