/** The kernel does not let a run remove what it has created: the run says so, and exits with 1. */
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { eventsSoFar, parseEvents, placeOfNobody, waitingActor } from '../support/osdemo.js'
import { perform } from '../support/perform.js'

test('a FIFO that may not be removed, also by clean', async (context) => {
  const { place, options } = placeOfNobody(context)
  const folder = join(place.folder, 'd')
  mkdirSync(folder)
  chownSync(folder, 65534, 65534)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'p')
  const run = place.osdemo(['pipe', 'read', '--path', path, '--json'], options)
  await waitingActor(run)
  chmodSync(folder, 0o555)
  const fd = openSync(path, 'w')
  writeSync(fd, 'hello\n')
  closeSync(fd)
  expect(await run.exit).toBe(1)
  const refusal = { event: 'error', exit: 1, call: 'unlink', errno: 'EACCES' }
  expect(eventsSoFar(run).at(-1)).toMatchObject(refusal)
  const clean = place.osdemo(['clean', '--json'], options)
  expect(await clean.exit).toBe(1)
  expect(parseEvents(clean.stdout()).at(-1)).toMatchObject(refusal)
  expect(existsSync(path)).toBe(true)
})

test('the other releases run, and the first reason is the result', async () => {
  const released: string[] = []
  const refusal = Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'unlink', errno: -1 })
  const { events, error } = await perform(async ({ scope }) => {
    scope.defer(() => void released.push('first'))
    scope.defer(() => {
      throw refusal
    })
  })
  expect(released).toEqual(['first'])
  expect(events.at(-1)).toMatchObject({ event: 'error', exit: 1, call: 'unlink', errno: 'EPERM' })
  expect(error).toBe(refusal)
})
