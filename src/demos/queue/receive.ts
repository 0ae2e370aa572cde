/** Receives messages that processes in other terminals send to a POSIX queue: the tool `queue receive`. */
import { isatty } from 'node:tty'
import type { MqReceiverConfig } from '../../actors/mq-receiver.js'
import type { Demo } from '../../run/stage.js'
import { joinQueue, words } from './named-queue.js'

export interface QueueReceiveOptions {
  name: string
  max: number | null
  nonblocking: boolean
  /** Print each message to stdout, as a line. */
  print: boolean
  /** Report every message as an event. */
  report: boolean
}

export function queueReceive({ name, max, nonblocking, print, report }: QueueReceiveOptions): Demo {
  return async (stage) => {
    const { identity, queue } = await joinQueue(stage, name, 'read')
    const send = `${words('send', name)} hello`
    if (!nonblocking && queue.attributes().depth === 0)
      stage.note(`Waiting for a message. In another terminal: ${send}`, 'next')
    if (!nonblocking && max === null)
      stage.note('A queue has no end of file. Stop with Ctrl-C.', isatty(0) ? 'next' : 'aside')
    const config: MqReceiverConfig = { name, identity, max, nonblocking, print, report }
    const receiver = await stage.start(
      { program: 'mq-receiver', name: 'receiver', config },
      { stdout: print },
    )
    await receiver.ended
  }
}
