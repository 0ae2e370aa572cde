/** Which calls blocked, how long, and what they waited for. */
import { type Descriptor, descriptorIn } from './descriptor.js'
import type { Begun, Call } from './line.js'
import type { Memory } from './memory.js'
import type { Block, Process } from './model.js'
import type { Named } from './named.js'
import { pathOf, type Thing } from './objects.js'
import type { Tables } from './tables.js'

/** A shorter call did not block: scheduling alone may take that long. In microseconds. */
export const notable = 1000

/** The calls that may block, and what they wait for where their first argument is no descriptor. */
export const waits: Record<string, string> = {
  ...Object.fromEntries(
    'read,readv,recvfrom,recvmsg,recvmmsg,write,writev,sendto,sendmsg,sendmmsg,sendfile,splice,tee,accept,accept4,connect,flock,fcntl,mq_timedsend,mq_timedreceive'
      .split(',')
      .map((name) => [name, 'a descriptor']),
  ),
  open: 'a FIFO',
  openat: 'a FIFO',
  wait4: 'a child',
  waitid: 'a child',
  epoll_wait: 'descriptors',
  epoll_pwait: 'descriptors',
  epoll_pwait2: 'descriptors',
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
  futex: 'a futex',
}

interface About {
  object: string
  thing?: Thing
}

export function createBlocking(tables: Tables, named: Named, memory: Memory) {
  /** What a call that may block waits for. Undefined for one that only takes long. */
  function aboutOf(call: Begun | Call, process: Process): About | undefined {
    const wait = waits[call.name]
    if (wait === undefined) return undefined
    const [first = '', second = ''] = call.args
    switch (call.name) {
      case 'fcntl':
        return second.includes('SETLKW') ? ofFile(first, process) : undefined
      case 'flock':
        return ofFile(first, process)
      case 'open':
      case 'openat':
        return ofOpen(call, process)
      case 'futex': {
        const isWait = /WAIT|LOCK_PI/.test(second) && !/PRIVATE|UNLOCK|REQUEUE_PI/.test(second)
        const thing = isWait ? memory.at(process, first)?.thing : undefined
        return thing && { object: thing.label, thing }
      }
    }
    const thing = named.of(call)
    if (thing) return { object: thing.label, thing }
    const descriptor = wait === 'a descriptor' ? descriptorIn(first) : undefined
    return descriptor ? ofDescriptor(descriptor, process) : { object: wait }
  }

  function ofDescriptor(descriptor: Descriptor, process: Process): About | undefined {
    const thing = tables.held(process, descriptor)?.thing
    // A file is never empty for long: only a device waits.
    if (descriptor.kind === 'path' && (!thing || thing.kind === 'file'))
      return descriptor.device === undefined ? undefined : { object: descriptor.path }
    if (thing) return { object: thing.label, thing }
    return { object: descriptor.kind === 'anonymous' ? descriptor.name : `descriptor ${descriptor.fd}` }
  }

  function ofFile(word: string, process: Process): About | undefined {
    const descriptor = descriptorIn(word)
    if (descriptor?.kind !== 'path') return { object: `descriptor ${descriptor?.fd}` }
    const thing = tables.file(process, descriptor)?.thing
    return { object: descriptor.path, ...(thing && { thing }) }
  }

  /** Only open(2) of a FIFO waits for another process. */
  function ofOpen(call: Begun | Call, process: Process): About | undefined {
    const opened = call.kind === 'call' ? descriptorIn(`${call.result}${call.more}`) : undefined
    const thing = opened && tables.fifo(opened)
    if (thing) return { object: thing.label, thing }
    return call.kind === 'call' && call.result !== undefined ? undefined : { object: pathOf(call, process) }
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
        by: new Set<Process>(),
      }
      wait.count++
      wait.total += call.took
      process.waits.set(key, wait)
      const { tid, name, args, t: begin, result, errno } = call
      const end = begin + call.took
      const { object, thing } = about
      return { process, tid, call: name, args, object, thing, begin, end, result, errno, wait }
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
