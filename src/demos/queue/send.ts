/** Sends messages to a POSIX queue that other terminals receive from: the tool `queue send`. */
import { isatty } from 'node:tty'
import type { MqSenderConfig } from '../../actors/mq-sender.js'
import { DemoFailed } from '../../errors.js'
import type { Queue } from '../../ipc/open-mq.js'
import type { Demo } from '../../run/stage.js'
import { counted } from '../../text.js'
import { joinQueue, removalHint, waitUntilTaken, words } from './named-queue.js'

export { highestPriority } from '../../ipc/open-mq.js'

export interface QueueSendOptions {
  /** Null: each line of stdin. */
  texts: string[] | null
  name: string
  priority: number
  nonblocking: boolean
  /** Leave the queue in the kernel. */
  keep: boolean
  /** Make an event of every message. */
  report: boolean
}

export function queueSend({ keep, ...options }: QueueSendOptions): Demo {
  return async (stage) => {
    const { texts, name } = options
    const shared = await joinQueue(stage, name, 'write')
    for (const text of texts ?? []) requireShort(text, shared.queue)
    stage.note(`in another terminal: ${words('receive', name)}`, 'next')
    if (keep) {
      stage.note('the queue will stay until somebody removes it:', 'aside')
      stage.note(removalHint(name), 'next')
    }
    if (!texts && isatty(0)) stage.note('each line that you type is a message; Ctrl-D ends', 'aside')
    const config: MqSenderConfig = { ...options, identity: shared.identity }
    const sender = await stage.start({ program: 'mq-sender', name: 'sender', config }, { stdin: !texts })
    // Also when it failed, as with EAGAIN after some messages; but not when the run was aborted, and it killed.
    void sender.ended.then(({ signal }) => {
      if (keep && signal === null) shared.keep()
    })
    const { code } = await sender.ended
    if (code !== 0) return
    if (!shared.stays()) return waitUntilTaken(stage, shared)
    const { depth } = shared.queue.attributes()
    stage.note(`in the queue now: ${counted(depth, 'message')}`, 'closing')
  }
}

/** @throws DemoFailed before anything is sent */
function requireShort(text: string, { name, attributes }: Queue): void {
  const { messageSize } = attributes()
  const bytes = Buffer.byteLength(text)
  if (bytes <= messageSize) return
  throw new DemoFailed(
    `the text has ${bytes} bytes, and a message of the queue ${name} at most ${messageSize}: nothing was sent`,
    { hint: 'send it in pieces' },
  )
}
