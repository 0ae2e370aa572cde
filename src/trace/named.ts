/** Objects that calls name by a path, a key or an id: FIFOs, semaphores, segments and queues. */
import type { Conversation } from './conversation.js'
import { descriptorIn } from './descriptor.js'
import type { Call } from './line.js'
import type { Block, Process } from './model.js'
import { type Objects, pathOf, type Thing } from './objects.js'
import { unquoted } from './scan.js'

export type Named = ReturnType<typeof createNamed>

export function createNamed(objects: Objects, conversation: Conversation) {
  const { known, find, system, used } = objects

  /** The queue or the semaphore set with which a call sends, receives or waits. */
  function of({ name, args: [first = ''] }: Pick<Call, 'name' | 'args'>): Thing | undefined {
    if (name.startsWith('mq_timed')) {
      const descriptor = descriptorIn(first)
      return descriptor?.kind === 'path' ? openQueue(descriptor.path) : undefined
    }
    const kind = /^(?:msg|sem)(?=snd|rcv|op|timedop)/.exec(name)?.[0]
    return kind === undefined ? undefined : system(kind, first)
  }

  /** A removed object is still used by the processes that have it open. */
  function openQueue(path: string): Thing | undefined {
    return known.get(`mq:${path}`) ?? objects.last(`mq:${path}`) ?? queue(path)
  }

  function queue(path: string): Thing | undefined {
    return find(`mq:${path}`, 'queue', 'queue', () => path)
  }

  /** A message that is received whole, or not at all: the first one of its type or priority. */
  function pass(
    side: 'read' | 'write',
    type: string,
    bytes: number,
    call: Call,
    process: Process,
    block?: Block,
  ): void {
    const thing = of(call)
    if (!thing) return
    used(thing, process, side, bytes)
    const [text = ''] = /"(?:[^"\\]|\\.)*"/.exec(call.args[1] ?? '') ?? []
    const t = side === 'write' ? call.t : call.t + call.took
    conversation[side](thing, type, { by: process, t, bytes: 1, size: bytes, text, block })
  }

  return {
    of,
    act(call: Call, process: Process, block?: Block): void {
      const { name, args, t, result = 0 } = call
      const now = { t, by: process }
      const [first = '', second = ''] = args
      switch (name) {
        case 'mknod':
        case 'mknodat': {
          if (!args.some((word) => word.startsWith('S_IFIFO'))) return
          const thing = objects.makeFifo(pathOf(call, process))
          if (thing) thing.made = now
          return
        }
        case 'unlink':
        case 'unlinkat': {
          const thing = objects.unlink(pathOf(call, process))
          if (thing) thing.removed = now
          return
        }
        case 'link':
        case 'linkat': {
          // sem_open(3) makes a semaphore under another name first.
          const thing = known.get(`path ${pathOf(call, process)}`)
          const to = unquoted(args.findLast((word) => word.startsWith('"')) ?? '')
          if (thing?.kind !== 'semaphore' || !to.startsWith('/dev/shm/sem.')) return
          known.set(`path ${to}`, thing)
          thing.id = `/${to.slice(13)}`
          thing.label = `semaphore ${thing.id}`
          thing.made = now
          return
        }
        case 'mq_open': {
          const thing = queue(`/${unquoted(first)}`)
          if (thing && second.includes('O_CREAT') && second.includes('O_EXCL')) thing.made = now
          return
        }
        case 'mq_unlink': {
          const thing = queue(`/${unquoted(first)}`)
          objects.removed(`mq:/${unquoted(first)}`)
          if (thing) thing.removed = now
          return
        }
        case 'mq_timedsend':
        case 'mq_timedreceive': {
          const priority = (args[3] ?? '').replace(/[[\]]/g, '')
          if (name === 'mq_timedsend') pass('write', priority, Number(args[2]), call, process, block)
          else pass('read', priority, result, call, process, block)
          return
        }
        case 'msgsnd':
        case 'msgrcv': {
          const [, type = ''] = /mtype=(-?\d+)/.exec(second) ?? []
          if (name === 'msgsnd') pass('write', type, Number(args[2]), call, process, block)
          else pass('read', type, result, call, process, block)
          return
        }
        case 'semop':
        case 'semtimedop': {
          const thing = of(call)
          if (thing) used(thing, process, 'write', 0)
          return
        }
        case 'shmctl':
        case 'msgctl':
        case 'semctl': {
          if (!args.some((word) => word.includes('IPC_RMID'))) return
          const key = `${name.slice(0, 3)} ${first}`
          const thing = system(name.slice(0, 3), first)
          if (thing) thing.removed = now
          objects.removed(key)
          return
        }
        case 'shmget':
        case 'msgget':
        case 'semget': {
          const thing = system(name.slice(0, 3), String(result), first)
          const flags = args.at(-1) ?? ''
          const isNew = first === 'IPC_PRIVATE' || (flags.includes('IPC_CREAT') && flags.includes('IPC_EXCL'))
          if (thing && isNew) thing.made ??= now
          if (thing && first === 'IPC_PRIVATE') thing.isPrivate = true
          if (thing && name === 'shmget') thing.size = Math.max(thing.size ?? 0, Number(second))
        }
      }
    },
  }
}
