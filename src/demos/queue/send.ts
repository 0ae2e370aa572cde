/** Sends messages to a queue, for receivers in other terminals: the tool `queue send`. */
import { isatty } from 'node:tty'
import type { MqSenderConfig } from '../../actors/mq-sender.js'
import { DemoFailed } from '../../errors.js'
import type { ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { joinMessageQueue } from './keyed-queue.js'
import { joinQueue } from './named-queue.js'
import { nameOf, type QueueChoice, type SharedQueue, waitUntilTaken, words } from './shared-queue.js'

export { highestPriority } from '../../ipc/open-mq.js'

export interface QueueSendOptions {
  /** Null: each line of stdin. */
  texts: string[] | null
  /** The messages of a POSIX queue have a priority, those of a System V queue a type. */
  which: (QueueChoice & { kind: 'posix'; priority: number }) | (QueueChoice & { kind: 'sysv'; type: bigint })
  nonblocking: boolean
  /** Leave the queue in the kernel. */
  keep: boolean
  /** Report every message as an event. */
  report: boolean
}

export function queueSend({ texts, which, nonblocking, keep, report }: QueueSendOptions): Demo {
  return async (stage) => {
    const shared =
      which.kind === 'posix'
        ? joinQueue(stage, which.name, 'write', which.priority)
        : joinMessageQueue(stage, which.key, 'send', which.type)
    const name = nameOf(which)
    const receive = words('receive', which)
    for (const text of texts ?? []) requireShort(text, name, shared)
    if (keep) stage.note(`The queue will stay in the kernel. Remove it: ${words('remove', which)}`, 'next')
    if (!texts && isatty(0)) stage.note('Each line that you type is a message. Stop with Ctrl-D.', 'next')
    const config: MqSenderConfig = { queue: shared.config, texts, nonblocking, report }
    const sender = await stage.start({ program: 'mq-sender', name: 'sender', config }, { stdin: !texts })
    tellWhenFull(stage, receive, sender)
    // Also when the sender failed, as with EAGAIN after some messages, but not when an aborted run killed it. A sender that has
    // reported an error may be killed too, when its exit takes long.
    void sender.exited.then(({ signal }) => {
      const failed = sender.events.some(({ event }) => event === 'error')
      if (keep && (signal === null || failed) && !shared.isGone()) shared.keep()
    })
    const { code } = await sender.ended
    if (code !== 0) return
    if (!shared.stays()) return waitUntilTaken(stage, which, receive, shared)
    const depth = shared.depth()
    stage.note(`Queue ${name} now holds ${counted(depth, 'message')}.`, 'closing')
    if (depth > 0) stage.note(`Receive them in another terminal: ${receive}`, 'next')
  }
}

/** Says once what to do when the sender waits for room in the queue. */
function tellWhenFull(stage: Stage, receive: string, sender: ActorOf<'mq-sender'>): void {
  const waits = sender.until(
    'call',
    ({ call, phase }) => /^(mq_send|msgsnd)$/.test(call) && phase === 'begin',
  )
  const tell = () =>
    stage.note(`The queue is full: waiting for room. In another terminal: ${receive}`, 'next')
  // It rejects when the sender exits without having waited, or when the run is aborted: then there is nothing to say.
  waits.then(tell).catch(() => {})
}

/** @throws DemoFailed before anything is sent */
function requireShort(text: string, name: string, { longest }: SharedQueue): void {
  const bytes = Buffer.byteLength(text)
  if (bytes <= longest) return
  throw new DemoFailed(
    `nothing was sent: the text has ${bytes} bytes, a message in queue ${name} at most ${longest}`,
    { hint: 'Send the text in pieces.' },
  )
}
