/** Receives messages from a POSIX queue that other terminals send to: the tool `queue receive`. */
import type { MqReceiverConfig } from '../../actors/mq-receiver.js'
import type { Demo } from '../../run/stage.js'
import { joinQueue, words } from './named-queue.js'

export interface QueueReceiveOptions {
  name: string
  max: number | null
  nonblocking: boolean
  /** Write each message to stdout, as a line. */
  print: boolean
  /** Make an event of every message. */
  report: boolean
}

export function queueReceive({ name, max, nonblocking, print, report }: QueueReceiveOptions): Demo {
  return async (stage) => {
    const { identity } = await joinQueue(stage, name, 'read')
    stage.note(`in another terminal: ${words('send', name)} hello`, 'next')
    if (max === null && !nonblocking) stage.note('a queue has no end of file: Ctrl-C ends this', 'aside')
    const config: MqReceiverConfig = { name, identity, max, nonblocking, print, report }
    const receiver = await stage.start(
      { program: 'mq-receiver', name: 'receiver', config },
      { stdout: print },
    )
    await receiver.ended
  }
}
