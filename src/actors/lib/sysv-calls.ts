/** Sends to and receives from a System V queue that other programs use too, and reports a call that waits for long. */
import { SystemCallError } from '../../errors.js'
import { now } from '../../events.js'
import { interruptAfter } from '../../ipc/interrupt.js'
import { queueBytes, receiveMessage, sendMessage } from '../../ipc/sysv-msg.js'
import { readMessageQueue } from '../../proc/sysvipc-msg.js'
import { counted } from '../../text.js'
import { type ReceivingEnd, type Reporter, type SendingEnd, wouldWait } from './queue-end.js'

export interface SysvQueue {
  kind: 'sysv'
  key: number
  id: number
  /** Of the messages that are sent, or that are wanted: a whole number of 64 bits, in digits. */
  type: string
  /** The most bytes of a message. */
  longest: number
}

/** How long a call may wait before that is reported, in milliseconds. */
const patience = 1000

export function sysvSender({ key, id, type: digits, longest }: SysvQueue): SendingEnd {
  const type = BigInt(digits)
  const label = labelOf({ key, id })
  const send = (message: Buffer, nonblocking: boolean) => sendMessage(id, { type, message }, { nonblocking })
  return {
    channel: `${key}`,
    label,
    call: 'msgsnd',
    longest,
    extra: { type: numberOf(type) },
    fill() {
      const row = readMessageQueue(id)
      return `${counted(row?.messages ?? 0, 'message')}, ${row?.bytes} of ${queueBytes(id)} bytes`
    },
    sendNow: (message) => send(message, true),
    send: (message, reporter) =>
      callPatiently(reporter, { call: 'msgsnd', object: `${label} (full)` }, (nonblocking) =>
        send(message, nonblocking),
      ).begin,
  }
}

export function sysvReceiver({ key, id, type: digits, longest }: SysvQueue): ReceivingEnd {
  const type = BigInt(digits)
  const label = labelOf({ key, id })
  const receive = (nonblocking: boolean) => {
    const found = receiveMessage(id, { type, size: longest, nonblocking })
    return { message: found.message, extra: { type: numberOf(found.type) } }
  }
  const which = type === 0n ? '' : ` of type ${type < 0n ? `${-type} or lower` : type}`
  return {
    channel: `${key}`,
    label,
    call: 'msgrcv',
    lack: `${label} has no message${which}`,
    receiveNow() {
      const at = now()
      return { ...receive(true), at }
    },
    receive(reporter) {
      const { result, begin, waited } = callPatiently(
        reporter,
        { call: 'msgrcv', object: `${label}, type ${type}` },
        receive,
      )
      // As for a POSIX queue: one that was there before the call has the time when the call began.
      return { ...result, at: waited ? undefined : begin }
    },
  }
}

function labelOf({ key, id }: { key: number; id: number }): string {
  return `queue ${id} (key ${key})`
}

/** A type for an event: as a number where that is exact. */
function numberOf(type: bigint): number | string {
  return type <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(type) : `${type}`
}

/**
 * Makes a call. Where it has to wait, it blocks in the kernel, with the whole process. poll(2) knows no System V queue, so a signal
 * interrupts a call that waits for a second: then it is reported, and made again.
 */
function callPatiently<T>(
  { say, before }: Reporter,
  wait: { call: string; object: string },
  call: (nonblocking: boolean) => T,
): { result: T; begin: number; waited: boolean } {
  const begin = now()
  try {
    return { result: call(true), begin, waited: false }
  } catch (error) {
    if (!wouldWait(error)) throw error
  }
  let isTold = false
  const stop = interruptAfter(patience)
  try {
    for (;;) {
      try {
        const result = call(false)
        if (isTold) say({ event: 'call', phase: 'end', ...wait })
        return { result, begin, waited: true }
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error
        if (error.errno !== 'EINTR') {
          if (isTold) say({ event: 'call', phase: 'end', ...wait, errno: error.errno })
          throw error
        }
        if (isTold) continue
        stop()
        isTold = true
        before()
        say({ event: 'call', phase: 'begin', ...wait }, begin)
      }
    }
  } finally {
    stop()
  }
}
