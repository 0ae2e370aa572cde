import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseQueueFile, queueFolder, readQueueLimits } from '../../src/proc/mqueue.js'

test('reads the limits of the kernel', ({ skip }) => {
  const limits = readQueueLimits()
  skip(limits === undefined, 'needs a kernel with POSIX queues')
  expect(limits!.capacity).toBe(Number(readFileSync('/proc/sys/fs/mqueue/msg_max', 'utf8')))
  expect(limits!.messageSize).toBe(Number(readFileSync('/proc/sys/fs/mqueue/msgsize_max', 'utf8')))
  expect(limits!.queues).toBeGreaterThan(0)
})

test('finds the folder of the queues among the mounts', () => {
  const proc = 'proc /proc proc rw,nosuid 0 0\n'
  expect(queueFolder(`${proc}mqueue /dev/mqueue mqueue rw,nosuid 0 0\n`)).toBe('/dev/mqueue')
  expect(queueFolder(`${proc}none /mnt/my\\040queues mqueue rw 0 0\n`)).toBe('/mnt/my queues')
  expect(queueFolder(proc)).toBeUndefined()
})

test('parses the file of a queue', () => {
  // From Linux 6.18, for a queue with two messages of 5 bytes.
  const content = 'QSIZE:10         NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n'
  expect(parseQueueFile(content)).toEqual({
    text: 'QSIZE:10 NOTIFY:0 SIGNO:0 NOTIFY_PID:0',
    fields: { QSIZE: 10, NOTIFY: 0, SIGNO: 0, NOTIFY_PID: 0 },
  })
})
