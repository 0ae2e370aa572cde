import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseQueueFile, queueFolder, readQueueLimits } from '../../src/proc/mqueue.js'

test('the limits are those that the kernel names', ({ skip }) => {
  const limits = readQueueLimits()
  skip(limits === undefined, 'needs a kernel with POSIX queues')
  expect(limits!.capacity).toBe(Number(readFileSync('/proc/sys/fs/mqueue/msg_max', 'utf8')))
  expect(limits!.messageSize).toBe(Number(readFileSync('/proc/sys/fs/mqueue/msgsize_max', 'utf8')))
  expect(limits!.queues).toBeGreaterThan(0)
})

test('the folder of the queues is found among the mounts, wherever it is', () => {
  const proc = 'proc /proc proc rw,nosuid 0 0\n'
  expect(queueFolder(`${proc}mqueue /dev/mqueue mqueue rw,nosuid 0 0\n`)).toBe('/dev/mqueue')
  expect(queueFolder(`${proc}none /mnt/my\\040queues mqueue rw 0 0\n`)).toBe('/mnt/my queues')
  expect(queueFolder(proc)).toBeUndefined()
})

test('the file of a queue is fields with a name and a number', () => {
  // As Linux 6.18 writes it, of a queue with two messages of 5 bytes.
  const content = 'QSIZE:10         NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n'
  expect(parseQueueFile(content)).toEqual({
    text: 'QSIZE:10 NOTIFY:0 SIGNO:0 NOTIFY_PID:0',
    fields: { QSIZE: 10, NOTIFY: 0, SIGNO: 0, NOTIFY_PID: 0 },
  })
})
