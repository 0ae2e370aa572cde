/** Uses a System V message queue call by call, as the supervisor tells it, and reports what each call returned. */
import { SystemCallError } from '../errors.js'
import { now } from '../events.js'
import { receiveMessage, sendMessage } from '../ipc/sysv-msg.js'
import { textOf } from './lib/meter.js'
import { runActor } from './lib/runtime.js'

export interface MessageUserConfig {
  id: number
  /** How events name the queue. */
  channel: string
}

/** A call. `waits`: that it has to wait is expected, so it is reported when it begins. */
export type MessageCall = { type: number; waits?: boolean; nonblocking?: boolean } & (
  | { call: 'msgsnd'; text: string }
  | { call: 'msgrcv'; size: number; cut?: boolean }
)

declare module '../actor-types.js' {
  interface Actors {
    'message-user': { config: MessageUserConfig; word: MessageCall | 'end'; runsAs: 'process' }
  }
}

runActor<'message-user'>(async ({ say, config: { id, channel }, nextWord }) => {
  let seq = 0
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    const { call, type, waits = false, nonblocking = false } = word
    const about = { event: 'call', call, object: `queue ${id}, type ${type}`, waits } as const
    const begin = now()
    if (waits) say({ ...about, phase: 'begin' }, begin)
    try {
      if (word.call === 'msgsnd') {
        const message = Buffer.from(word.text)
        sendMessage(id, { type: BigInt(type), message }, { nonblocking })
        say({ event: 'sent', channel, seq: seq++, bytes: message.length, text: word.text, type }, begin)
        say({ ...about, phase: 'end', result: 0 })
      } else {
        const { size, cut = false } = word
        const { message, type: found } = receiveMessage(id, { type: BigInt(type), size, nonblocking, cut })
        const bytes = message.length
        const received = { event: 'received', channel, seq: seq++, bytes, type: Number(found) } as const
        // It was there before, unless the call had to wait.
        say({ ...received, text: textOf(message) ?? '' }, waits ? now() : begin)
        say({ ...about, phase: 'end', result: bytes })
      }
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error
      say({ ...about, phase: 'end', errno: error.errno })
    }
  }
})
