/**
 * An object that the program has made is there after its last process has exited. One that has a key or a name may be left for
 * another program, so it counts only where its maker and other processes of the run used it, and then it is only likely. Whatever was
 * interrupted by a signal could not clean up.
 */
import type { ObjectKind } from '../events.js'
import type { Call } from '../trace/line.js'
import type { Process, Trace } from '../trace/model.js'
import { pathOf, systemKind, type Thing } from '../trace/objects.js'
import { nameOf } from '../trace/recorder.js'
import { unquoted } from '../trace/scan.js'
import { type Detector, forCalls } from './detector.js'
import { createRepeats, often, proofOf } from './repeats.js'

const id = 'ipc/left-behind'

/** More objects are not followed, and so many paths are remembered. */
const [most, mostPaths] = [10_000, 100]

interface Made {
  kind: ObjectKind
  /** As that of the object in the trace. */
  id: string
  call: Call
  process: Process
}

export function leftBehind(): Detector {
  const made = new Map<string, Made>()
  /** The last names at which a process removed a file, or looked for a server. */
  const cleared: string[] = []

  function make(kind: ObjectKind, id: string, call: Call, process: Process): void {
    if (made.size < most && !made.has(`${kind} ${id}`)) made.set(`${kind} ${id}`, { kind, id, call, process })
  }

  function clear(name: string): void {
    cleared.push(name)
    if (cleared.length > mostPaths) cleared.shift()
  }

  return {
    calls: {
      ...forCalls('shmget,semget,msgget', (call, process) => {
        const { args, result = -1, name } = call
        const isNew = args[0] === 'IPC_PRIVATE' || args.at(-1)?.includes('IPC_CREAT')
        if (isNew && result >= 0) make(systemKind(name).kind, `${result}`, call, process)
      }),
      ...forCalls('shmctl,semctl,msgctl', ({ name, args, result }) => {
        if (result === 0 && args.includes('IPC_RMID')) made.delete(`${systemKind(name).kind} ${args[0]}`)
      }),
      mq_open(call, process) {
        const { args, result = -1 } = call
        if (result >= 0 && args[1]?.includes('O_CREAT'))
          make('queue', `/${unquoted(args[0] ?? '')}`, call, process)
      },
      ...forCalls('open,openat', (call, process) => {
        const { args, result = -1 } = call
        const [, name] =
          /^"\/dev\/shm\/(?!sem\.)([^/]+)"$/.exec(args[call.name === 'open' ? 0 : 1] ?? '') ?? []
        // shm_open(3) has both flags. Without them it is a file that only happens to be there.
        const isObject = args.some((word) => word.includes('O_CREAT') && word.includes('O_NOFOLLOW'))
        if (name !== undefined && result >= 0 && isObject) make('object', `/${name}`, call, process)
      }),
      ...forCalls('link,linkat', (call, process) => {
        const to = unquoted(call.args.findLast((word) => word.startsWith('"')) ?? '')
        if (call.result === 0 && to.startsWith('/dev/shm/sem.'))
          make('semaphore', `/${to.slice(13)}`, call, process)
      }),
      ...forCalls('mknod,mknodat', (call, process) => {
        const isFifo = call.args.some((word) => word.startsWith('S_IFIFO'))
        if (isFifo && call.result === 0) make('fifo', pathOf(call, process), call, process)
      }),
      bind(call, process) {
        const path = socketPath(call)
        // A server that removes an old socket first needs not remove its own.
        if (call.result === 0 && path !== undefined && !cleared.includes(lastName(path)))
          make('socket', path, call, process)
      },
      connect(call) {
        const path = socketPath(call)
        if (path !== undefined) clear(lastName(path))
      },
      ...forCalls('unlink,unlinkat,rename,renameat,renameat2', (call, process) => {
        const name = lastName(pathOf(call, process))
        clear(name)
        if (call.result !== 0) return
        // The folder of a relative path is not always known.
        for (const [key, { kind, id }] of made)
          if (name === (kind === 'semaphore' ? `sem.${id.slice(1)}` : lastName(id))) made.delete(key)
      }),
      mq_unlink({ args, result }) {
        if (result === 0) made.delete(`queue /${unquoted(args[0] ?? '')}`)
      },
    },
    finish(trace) {
      if (trace.processes.some(({ end }) => !end)) return []
      const repeats = createRepeats<{ label: string; certain: boolean }>()
      for (const one of made.values()) {
        const thing = trace.things.findLast((each) => isThing(each, one))
        const users = new Set([one.process, ...(thing?.users.keys() ?? []), ...heirs(one, trace)])
        const isInterrupted = [...users].some(({ end }) => end?.code === null)
        const certain = thing?.isPrivate === true
        // A tool such as mkfifo(1) makes it for other programs.
        const isOwn = thing?.users.has(one.process)
        const isUsed = one.kind === 'socket' || (certain ? thing.users.size > 0 : isOwn && users.size > 1)
        const label = one.kind === 'socket' ? `the file of Unix socket ${one.id}` : (thing?.label ?? one.id)
        if (isUsed && !isInterrupted)
          repeats.add(`${nameOf(one.process)} ${one.kind} ${certain}`, one.process, [one.call], {
            label,
            certain,
          })
      }
      return repeats.all().map((repeated) => {
        const { who, about } = repeated
        return {
          id,
          text: `${who} made ${about.label}, and no process removed it.${often(repeated)}`,
          certain: about.certain,
          ...proofOf(repeated),
        }
      })
    },
  }
}

function isThing({ kind, id, removed }: Thing, made: Made): boolean {
  return kind === made.kind && !removed && (id === made.id || id.startsWith(`${made.id} (key `))
}

/** The children that have what their parent had when it forked them. */
function heirs({ process, call }: Made, { processes }: Trace): Process[] {
  return processes.filter(
    ({ parent, executed, born }) => parent === process && executed === undefined && born > call.t,
  )
}

/** The path of a socket that is a file. */
function socketPath({ args }: Call): string | undefined {
  const [, path] = /sun_path="((?:[^"\\]|\\.)*)"/.exec(args[1] ?? '') ?? []
  return path
}

const lastName = (path: string) => path.slice(path.lastIndexOf('/') + 1)
