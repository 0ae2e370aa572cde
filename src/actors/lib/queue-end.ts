/** One end of a message queue that other programs use too: a POSIX queue or a System V queue. */
import { OsdemoError } from '../../errors.js'
import type { MessageFact, Say } from '../../events.js'
import type { PosixQueue } from './posix-calls.js'
import type { SysvQueue } from './sysv-calls.js'

/** The queue that the supervisor has found or created. */
export type QueueConfig = PosixQueue | SysvQueue

/** What a call reports while it waits. */
export interface Reporter {
  say: Say
  /** Called before a call that waits is reported. */
  before(): unknown
}

/** What an event says about a message besides its text. */
type Extra = Pick<MessageFact, 'priority' | 'type'>

export interface SendingEnd {
  /** How events name the queue. */
  channel: string
  /** How sentences name it. */
  label: string
  call: 'mq_send' | 'msgsnd'
  /** The most bytes of a message. */
  longest: number
  extra: Extra
  /** How full it is, in words: `10 of 10 messages`. */
  fill(): string
  /** @throws SystemCallError: EAGAIN when the queue is full */
  sendNow(message: Buffer): void
  /** Waits for room. @returns the time when the call began */
  send(message: Buffer, reporter: Reporter): number
}

export interface Received {
  message: Buffer
  extra: Extra
  /** When it was received, where that is not now. */
  at?: number | undefined
}

export interface ReceivingEnd extends Pick<SendingEnd, 'channel' | 'label'> {
  call: 'mq_receive' | 'msgrcv'
  /** What it lacks, in words: `the queue /osdemo is empty`. */
  lack: string
  /** @throws SystemCallError: EAGAIN or ENOMSG when there is no message for it */
  receiveNow(): Received
  /** Waits for a message. */
  receive(reporter: Reporter): Received
}

/** Whether a call failed because it would have to wait: msgrcv(2) has an errno of its own for that. */
export function wouldWait(error: unknown): error is OsdemoError & { errno: string } {
  return error instanceof OsdemoError && (error.errno === 'EAGAIN' || error.errno === 'ENOMSG')
}
