/** A queue for processes in different terminals, of either kind, as the tools use it. */
import type { QueueConfig } from '../../actors/lib/queue-end.js'
import { DemoFailed } from '../../errors.js'
import type { Stage } from '../../run/stage.js'
import { sweepOwn } from '../../run/sweep.js'
import { quoted } from '../../shell-quote.js'
import { counted } from '../../text.js'
import { inUse } from '../shared/in-use.js'

export { largestType } from '../../ipc/sysv-msg.js'

/** The POSIX name and the System V key that both terminals use by default. */
export const defaultName = '/osdemo'
export const defaultKey = 70_002

/** Which queue the user chose. */
export type QueueChoice = { kind: 'posix'; name: string } | { kind: 'sysv'; key: number }

export interface SharedQueue {
  /** What an actor needs to use it. */
  config: QueueConfig
  /** The most bytes of a message. */
  longest: number
  /** How many messages it contains now. */
  depth(): number
  /** Whether no message is left of those that this run sends. */
  isTaken(): boolean
  /** Whether another process has removed it. */
  isGone(): boolean
  /** Whether no osdemo will remove it: another program created it, or a user asked to keep it. */
  stays(): boolean
  /** Makes it stay. */
  keep(): void
}

/** How events and records name it: by its name, or by its key. */
export function nameOf(which: QueueChoice): string {
  return which.kind === 'posix' ? which.name : `${which.key}`
}

/** The queue that events and records name so. */
export function choiceOf(name: string): QueueChoice {
  return name.startsWith('/') ? { kind: 'posix', name } : { kind: 'sysv', key: Number(name) }
}

/** The command for this queue, such as `osdemo queue send`. */
export function words(command: 'send' | 'receive' | 'remove', which: QueueChoice): string {
  const options =
    which.kind === 'posix'
      ? which.name !== defaultName && `--name ${quoted(which.name)}`
      : `--kind sysv${which.key === defaultKey ? '' : ` --key ${which.key}`}`
  return `osdemo queue ${command}${options ? ` ${options}` : ''}`
}

/** Removes what this run no longer needs. Reports how many messages were lost with this queue, or which processes use it still. */
export function sweepAndTell({ say }: Stage, name: string, depth: number): void {
  for (const { kind, name: id, users } of sweepOwn()) {
    const isThis = kind === 'queue' && id === name
    if (users.length === 0) say({ event: 'removed', kind, id })
    if (users.length === 0 && isThis && depth > 0)
      say({
        event: 'note',
        text: `Removed queue ${id} with ${counted(depth, 'message')} that no process had received.`,
        role: 'closing',
      })
    if (users.length > 0 && isThis)
      say({ event: 'note', text: `Queue ${id} stays: ${inUse(users)}.`, role: 'aside' })
  }
}

/** Milliseconds between two looks at a queue that no process empties for long: a run that waits must wake up rarely. */
const longestPause = 500

/** Waits until the messages are received. @throws DemoFailed when another process removes the queue before */
export async function waitUntilTaken(
  stage: Stage,
  which: QueueChoice,
  receive: string,
  { depth, isTaken, isGone }: SharedQueue,
): Promise<void> {
  if (isTaken()) return
  stage.note(`Waiting for a receiver. In another terminal: ${receive}`, 'next')
  let left = depth()
  for (let pause = 5; !isTaken() && !isGone(); pause = Math.min(2 * pause, longestPause)) {
    left = depth()
    await stage.pause(pause)
  }
  if (isTaken()) return
  throw new DemoFailed(
    `another process removed the queue ${nameOf(which)} with ${counted(left, 'message')} in it`,
    { hint: 'Send the messages again.' },
  )
}
