/**
 * A process waits in msgrcv(2), though the queue has messages: they are of other types than the one that it wants. All processes of
 * the run are stuck, so that none of them will send one.
 */
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createStuck } from './stuck.js'

const id = 'queue/type-nobody-sends'

/** Types of messages that are not followed any more. */
const most = 10_000

export function typeNobodySends(): Detector {
  const { detector, find } = createStuck()
  /** How many messages of each type are in a queue, by its id and the type. */
  const left = new Map<string, Map<string, number>>()

  function count(queue: string, type: string, change: number): void {
    const types = left.get(queue) ?? new Map<string, number>()
    if (left.size < most) left.set(queue, types)
    const rest = (types.get(type) ?? 0) + change
    if (rest === 0) types.delete(type)
    else if (types.size < most) types.set(type, rest)
  }

  return {
    ...detector,
    calls: {
      ...detector.calls,
      ...forCalls('msgsnd,msgrcv', ({ name, args, result = -1 }) => {
        const [queue = '', message = ''] = args
        const [, type] = /mtype=(-?\d+)/.exec(message) ?? []
        if (result >= 0 && type !== undefined && !args.at(-1)?.includes('MSG_COPY'))
          count(queue, type, name === 'msgsnd' ? 1 : -1)
      }),
      msgctl({ args, result }) {
        if (result === 0 && args.includes('IPC_RMID')) left.delete(args[0] ?? '')
      },
    },
    finish(trace) {
      const stuck = find(trace)
      if (!stuck?.isAll) return []
      const seen = new Set<string>()
      return stuck.blocks.flatMap((block) => {
        const [queue = ''] = block.args
        const types = [...(left.get(queue) ?? [])].flatMap(([type, rest]) => (rest > 0 ? [type] : []))
        if (block.call !== 'msgrcv' || types.length === 0 || seen.has(queue)) return []
        seen.add(queue)
        const others = stuck.blocks.filter(({ call, args }) => call === 'msgrcv' && args[0] === queue)
        const processes: Process[] = others.map(({ process }) => process)
        return {
          id,
          text: `${named(block.process)} waits for a message of another type than ${block.object} has: ${types.slice(0, 5).join(', ')}. No process is left that could send it.`,
          certain: stuck.certain && block.thing?.isPrivate === true,
          processes,
          calls: others.slice(0, 2),
        }
      })
    },
  }
}
