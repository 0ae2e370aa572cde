/** Receives messages that processes in other terminals send to a queue: the tool `queue receive`. */
import { isatty } from 'node:tty'
import type { MqReceiverConfig } from '../../actors/mq-receiver.js'
import type { Demo } from '../../run/stage.js'
import { joinMessageQueue } from './keyed-queue.js'
import { joinQueue } from './named-queue.js'
import { type QueueChoice, words } from './shared-queue.js'

export interface QueueReceiveOptions {
  /** Of a System V queue: 0 for any message, N for type N, -N for the lowest type up to N. */
  which: (QueueChoice & { kind: 'posix' }) | (QueueChoice & { kind: 'sysv'; type: bigint })
  max: number | null
  nonblocking: boolean
  /** Print each message to stdout, as a line. */
  print: boolean
  /** Report every message as an event. */
  report: boolean
}

export function queueReceive({ which, max, nonblocking, print, report }: QueueReceiveOptions): Demo {
  return async (stage) => {
    const shared =
      which.kind === 'posix'
        ? joinQueue(stage, which.name, 'read')
        : joinMessageQueue(stage, which.key, 'receive', which.type)
    const { of, options } = wanted(which)
    const tellWaiting = () => {
      const send = `${words('send', which)}${options} hello`
      stage.note(`Waiting for a message${of}. In another terminal: ${send}`, 'next')
    }
    const isEmpty = shared.depth() === 0
    if (!nonblocking && isEmpty) tellWaiting()
    if (!nonblocking && max === null)
      stage.note('A queue has no end of file. Stop with Ctrl-C.', isatty(0) ? 'next' : 'aside')
    const config: MqReceiverConfig = { queue: shared.config, max, nonblocking, print, report }
    const receiver = await stage.start(
      { program: 'mq-receiver', name: 'receiver', config },
      { stdout: print },
    )
    // The messages in it may have other types. It rejects when the receiver never waits: then there is nothing to say.
    if (which.kind === 'sysv' && !isEmpty)
      receiver
        .until('call', ({ phase }) => phase === 'begin')
        .then(tellWaiting)
        .catch(() => {})
    await receiver.ended
  }
}

/** Which messages are wanted, in words, and the options with which another terminal sends one. */
function wanted(which: QueueReceiveOptions['which']): { of: string; options: string } {
  if (which.kind === 'posix' || which.type === 0n) return { of: '', options: '' }
  const { type } = which
  if (type > 0n) return { of: ` of type ${type}`, options: ` --type ${type}` }
  return { of: ` of type ${-type} or lower`, options: ` --type ${-type}` }
}
