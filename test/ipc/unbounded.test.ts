/** Both ends of an unbounded channel in one process: its depth is always the number of messages sent and not yet received. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { resizePipe } from '../../src/ipc/pipe-room.js'
import { openUnboundedReceiver, openUnboundedSender } from '../../src/ipc/unbounded.js'
import { temporaryFolder } from '../support/osdemo.js'
import { until } from '../support/until.js'

test('the depth counts each message until it is received', async () => {
  const path = join(temporaryFolder(), 'fifo')
  execFileSync('mkfifo', [path])
  const held = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(held))
  const bytes = resizePipe(held, 4096)
  const place = { path, bytes, limit: 6 * bytes }
  const sender = openUnboundedSender(place)
  const receiver = openUnboundedReceiver(place, false)
  for (let seq = 0; seq < 6; seq++) sender.send(Buffer.alloc(bytes, seq))
  expect(await sender.depth()).toBe(6)
  for (let seq = 0; seq < 6; seq++) {
    await until(() => receiver.depth() === bytes)
    expect(receiver.receive()[0]).toBe(seq)
    // The pipe is full again when it has taken the next message.
    if (seq < 5) await until(() => receiver.depth() === bytes)
    expect(await sender.depth()).toBe(5 - seq)
  }
  await sender.flushed()
  sender.close()
  receiver.close()
})
