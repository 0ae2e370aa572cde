/** Which calls blocked, how long, and what they waited for. */
import { descriptorIn } from './descriptor.js'
import type { Begun, Call } from './line.js'
import type { Block, Process } from './model.js'
import { type createObjects, pathOf, type Thing } from './objects.js'
import type { createTables } from './tables.js'

/** A shorter call did not block: scheduling alone may take that long. In microseconds. */
export const notable = 1000

/** The calls that may block, and what they wait for where their first argument is no descriptor. */
export const waits: Record<string, string> = {
  ...Object.fromEntries(
    'read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,sendfile,splice,tee,accept,accept4,connect,flock,fcntl,mq_timedsend,mq_timedreceive,epoll_wait,epoll_pwait,epoll_pwait2'
      .split(',')
      .map((name) => [name, 'a descriptor']),
  ),
  open: 'a FIFO',
  openat: 'a FIFO',
  wait4: 'a child',
  waitid: 'a child',
  poll: 'descriptors',
  ppoll: 'descriptors',
  select: 'descriptors',
  pselect6: 'descriptors',
  nanosleep: 'time',
  clock_nanosleep: 'time',
  pause: 'a signal',
  rt_sigsuspend: 'a signal',
  rt_sigtimedwait: 'a signal',
  msgsnd: 'a queue',
  msgrcv: 'a queue',
  semop: 'a semaphore set',
  semtimedop: 'a semaphore set',
  // Of strace, which began during the call, only its end is known.
  restart_syscall: 'a time limit',
  vfork: 'the child',
}

export function createBlocking(
  objects: ReturnType<typeof createObjects>,
  tables: ReturnType<typeof createTables>,
) {
  /** What a call that may block waits for. Undefined for one that only takes long. */
  function aboutOf(call: Begun | Call, process: Process): { object: string; thing?: Thing } | undefined {
    const wait = waits[call.name]
    if (wait === undefined) return undefined
    const [first = '', second = ''] = call.args
    if (call.name === 'fcntl' && !second.includes('SETLKW')) return undefined
    if (call.name.startsWith('open')) {
      // Only open(2) of a FIFO waits for another process.
      const opened = call.kind === 'call' ? descriptorIn(`${call.result}${call.more}`) : undefined
      const thing = opened && objects.of(opened)
      if (thing) return { object: thing.label, thing }
      return call.kind === 'call' && call.result !== undefined ? undefined : { object: pathOf(call, process) }
    }
    const named = objects.named(call)
    if (named) return { object: named.label, thing: named }
    const descriptor = descriptorIn(first)
    const thing = descriptor && tables.held(process, descriptor)?.thing
    if (thing) return { object: thing.label, thing }
    if (descriptor?.kind === 'path') {
      // A file is never empty for long: only a device waits, or a lock.
      const isWaiting = descriptor.device !== undefined || call.name === 'flock' || call.name === 'fcntl'
      return isWaiting ? { object: descriptor.path } : undefined
    }
    return { object: descriptor ? `descriptor ${descriptor.fd}` : wait }
  }

  return {
    /** Notes a call that took long. @returns undefined where it did not block */
    took(call: Call, process: Process): Block | undefined {
      const about = aboutOf(call, process)
      if (!about) return undefined
      const key = `${call.name} ${about.object}`
      const wait = process.waits.get(key) ?? {
        call: call.name,
        ...(about.thing && { thing: about.thing }),
        about: about.object,
        count: 0,
        total: 0,
      }
      wait.count++
      wait.total += call.took
      process.waits.set(key, wait)
      const { tid, name, args, t: begin, result, errno } = call
      const end = begin + call.took
      return {
        process,
        tid,
        call: name,
        args,
        object: about.object,
        thing: about.thing,
        begin,
        end,
        result,
        errno,
      }
    },

    /** A call that has not returned. */
    still(call: Begun, process: Process): Block[] {
      const about = aboutOf(call, process)
      if (!about) return []
      const { tid, name, args, t: begin } = call
      return [{ process, tid, call: name, args, object: about.object, thing: about.thing, begin }]
    },
  }
}
