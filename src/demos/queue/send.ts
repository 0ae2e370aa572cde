/** Sends messages to a POSIX queue, for receivers in other terminals: the tool `queue send`. */
import { isatty } from 'node:tty'
import type { MqSenderConfig } from '../../actors/mq-sender.js'
import { DemoFailed } from '../../errors.js'
import type { Queue } from '../../ipc/open-mq.js'
import type { ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { joinQueue, waitUntilTaken, words } from './named-queue.js'

export { highestPriority } from '../../ipc/open-mq.js'

export interface QueueSendOptions {
  /** Null: each line of stdin. */
  texts: string[] | null
  name: string
  priority: number
  nonblocking: boolean
  /** Leave the queue in the kernel. */
  keep: boolean
  /** Report every message as an event. */
  report: boolean
}

export function queueSend({ keep, ...options }: QueueSendOptions): Demo {
  return async (stage) => {
    const { texts, name } = options
    const shared = await joinQueue(stage, name, 'write')
    for (const text of texts ?? []) requireShort(text, shared.queue)
    if (keep) stage.note(`The queue will stay in the kernel. Remove it: ${words('remove', name)}`, 'next')
    if (!texts && isatty(0)) stage.note('Each line that you type is a message. Stop with Ctrl-D.', 'next')
    const config: MqSenderConfig = { ...options, identity: shared.identity }
    const sender = await stage.start({ program: 'mq-sender', name: 'sender', config }, { stdin: !texts })
    tellWhenFull(stage, name, sender)
    // Also when the sender failed, as with EAGAIN after some messages, but not when an aborted run killed it. A sender that has
    // reported an error may be killed too, when its exit takes long.
    void sender.exited.then(({ signal }) => {
      const failed = sender.events.some(({ event }) => event === 'error')
      if (keep && (signal === null || failed)) shared.keep()
    })
    const { code } = await sender.ended
    if (code !== 0) return
    if (!shared.stays()) return waitUntilTaken(stage, shared)
    const { depth } = shared.queue.attributes()
    stage.note(`Queue ${name} now holds ${counted(depth, 'message')}.`, 'closing')
    if (depth > 0) stage.note(`Receive them in another terminal: ${words('receive', name)}`, 'next')
  }
}

/** Says once what to do when the sender waits for room in the queue. */
function tellWhenFull(stage: Stage, name: string, sender: ActorOf<'mq-sender'>): void {
  const waits = sender.until('call', ({ call, phase }) => call === 'mq_send' && phase === 'begin')
  const tell = () =>
    stage.note(`The queue is full: waiting for room. In another terminal: ${words('receive', name)}`, 'next')
  // It rejects when the sender exits without having waited, or when the run is aborted: then there is nothing to say.
  waits.then(tell).catch(() => {})
}

/** @throws DemoFailed before anything is sent */
function requireShort(text: string, { name, attributes }: Queue): void {
  const { messageSize } = attributes()
  const bytes = Buffer.byteLength(text)
  if (bytes <= messageSize) return
  throw new DemoFailed(
    `nothing was sent: the text has ${bytes} bytes, a message in queue ${name} at most ${messageSize}`,
    { hint: 'Send the text in pieces.' },
  )
}
