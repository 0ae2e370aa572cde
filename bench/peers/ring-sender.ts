/** A thread that sends numbered messages of 64 bytes in one of three ways. Each message it gets says how many to send. */
import { parentPort, workerData } from 'node:worker_threads'
import { RingBuffer } from 'ringbuf.js'
import { producerOf } from '../../src/ipc/shared-ring/producer.js'
import { threadWaiter } from '../../src/ipc/shared-ring/waiting.js'

const { way, memory } = workerData as {
  way: 'ours' | 'ringbuf.js' | 'postMessage'
  memory: SharedArrayBuffer
}
const message = new Uint8Array(64)
/** How many messages are published together. */
const batch = 64

const send = { ours, 'ringbuf.js': ringbuf, postMessage }[way]()
parentPort!.on('message', send)
parentPort!.postMessage('ready')

function ours() {
  const ring = producerOf(memory, threadWaiter)
  return (messages: number) => {
    for (let i = 0; i < messages; i++) {
      message[0] = i
      ring.write(message)
      if (i % batch === batch - 1) ring.publish()
    }
    ring.publish()
  }
}

function ringbuf() {
  const ring = new RingBuffer(memory, Uint8Array as never)
  return (messages: number) => {
    for (let i = 0; i < messages; i++) {
      message[0] = i
      while (ring.available_write() < 64);
      ring.push(message, 64)
    }
  }
}

function postMessage() {
  return (messages: number) => {
    for (let i = 0; i < messages; i++) {
      message[0] = i
      parentPort!.postMessage(message)
    }
  }
}
