/** The descriptor tables of the processes: which call puts what into them, and which bytes go through their entries. */
import type { createConversation } from './conversation.js'
import { type Descriptor, descriptorIn, descriptorsIn } from './descriptor.js'
import { type Effect, rightsIn } from './effects.js'
import type { Call } from './line.js'
import type { Held, Process } from './model.js'
import { type createObjects, isMapped } from './objects.js'

type Does<Name extends Effect['does']> = Extract<Effect, { does: Name }>

export function createTables(
  objects: ReturnType<typeof createObjects>,
  conversation: ReturnType<typeof createConversation>,
) {
  /** The entry of a descriptor that a call names. Undefined where processes do not communicate by it. */
  function held(process: Process, descriptor: Descriptor, end?: Held['end']): Held | undefined {
    const thing = objects.of(descriptor)
    if (!thing) {
      // The number may have stood for an object before.
      process.table.delete(descriptor.fd)
      return undefined
    }
    const known = process.table.get(descriptor.fd)
    if (known?.thing === thing) {
      if (end) known.end ??= end
      return known
    }
    // It was inherited from outside the trace, or a call that was not traced has made it.
    const entry: Held = { thing, ...(end && { end }), closesOnExec: false }
    process.table.set(descriptor.fd, entry)
    return entry
  }

  function pass(side: 'read' | 'write', word: string, text: string, call: Call, process: Process): void {
    const descriptor = descriptorIn(word)
    const entry = descriptor && held(process, descriptor, side)
    if (!entry || isMapped(entry.thing)) return
    const bytes = call.result ?? 0
    objects.used(entry.thing, process, side, bytes)
    const stream = objects.streamOf(descriptor, side)
    if (stream === undefined) return
    const t = side === 'write' ? call.t : call.t + call.took
    conversation[side](entry.thing, stream, { by: process, t, bytes, text })
  }

  return {
    held,

    move({ from, to, text, brings }: Does<'move'>, call: Call, process: Process): void {
      const raw = text === undefined ? '' : firstString(call.args[text] ?? '')
      if (from !== undefined) pass('read', call.args[from] ?? '', raw, call, process)
      if (to !== undefined) pass('write', call.args[to] ?? '', raw, call, process)
      // A message may bring descriptors.
      if (brings) for (const each of descriptorsIn(rightsIn(call))) held(process, each)
    },

    close({ from, to }: Does<'close'>, { table }: Process): void {
      if (from === to) table.delete(from)
      else for (const fd of table.keys()) if (fd >= from && fd <= to) table.delete(fd)
    },

    pair({ at, isPipe, closesOnExec }: Does<'pair'>, call: Call, process: Process): void {
      const [one, other] = descriptorsIn(call.args[at] ?? '')
      if (!one || !other) return
      objects.forget(one)
      for (const [each, end] of [[one, 'read'] as const, [other, 'write'] as const]) {
        process.table.delete(each.fd)
        const entry = held(process, each, isPipe ? end : undefined)
        if (!entry) continue
        entry.closesOnExec = closesOnExec
        entry.thing.made ??= { t: call.t, by: process }
      }
    },

    open({ copies, end, closesOnExec }: Does<'open'>, call: Call, process: Process): void {
      const descriptor = descriptorIn(`${call.result}${call.more}`)
      if (!descriptor) return
      const from = copies ? process.table.get(descriptorIn(call.args[0] ?? '')?.fd ?? -1) : undefined
      process.table.delete(descriptor.fd)
      const entry = held(process, descriptor, from?.end ?? end)
      if (!entry) return
      entry.closesOnExec = closesOnExec
      if (isMapped(entry.thing)) objects.used(entry.thing, process, 'read', 0)
    },

    flag({ closesOnExec }: Does<'flag'>, call: Call, { table }: Process): void {
      const entry = table.get(descriptorIn(call.args[0] ?? '')?.fd ?? -1)
      if (entry) entry.closesOnExec = closesOnExec
    },
  }
}

/** The first string in an argument, as strace writes it: of writev(2) the first buffer, of sendmsg(2) its text. */
function firstString(word: string): string {
  return word.startsWith('"') ? word : (/iov_base=("(?:[^"\\]|\\.)*")/.exec(word)?.[1] ?? '')
}
