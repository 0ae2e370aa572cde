/**
 * A process was killed by SIGPIPE where it is no filter, for which that is the ordinary end: it wrote to a socket, to a pipe that it
 * had made, or to a FIFO that it had opened.
 */
import { counted } from '../text.js'
import { descriptorIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import type { Thing } from '../trace/objects.js'
import { named } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'

interface Death {
  process: Process
  call: Call
  thing: Thing | undefined
}

export function sigpipe(): Detector {
  const broken = new Map<Process, Call>()
  const deaths: Death[] = []
  return {
    calls: forCalls('write,writev,sendto,sendmsg', (call, process) => {
      if (call.errno === 'EPIPE') broken.set(process, call)
    }),
    exit(process) {
      const call = broken.get(process)
      const descriptor = descriptorIn(call?.args[0] ?? '')
      // A filter writes to stdout or stderr. Its reader, such as head(1), may have enough.
      if (!call || !descriptor || process.end?.signal !== 'SIGPIPE' || descriptor.fd <= 2) return
      const thing = process.table.get(descriptor.fd)?.thing
      const isOwn = thing?.kind === 'fifo' || (thing?.kind === 'pipe' && thing.made?.by === process)
      if (descriptor.kind === 'socket' || isOwn) deaths.push({ process, call, thing })
    },
    finish() {
      // `tar | head`: its compressor was killed so, and then tar itself.
      const isFirst = ({ thing }: Death) =>
        ![...(thing?.users ?? [])].some(
          ([user, { read }]) => read.calls > 0 && user.end?.signal === 'SIGPIPE',
        )
      const found = deaths.filter(isFirst)
      const [first] = found
      if (!first) return []
      const rest =
        found.length === 1 ? '' : ` So were ${counted(found.length - 1, 'more process', 'more processes')}.`
      const isSocket = (thing: Thing | undefined) => thing === undefined || thing.kind === 'socket'
      const [object, reader] = isSocket(first.thing)
        ? [first.thing?.label ?? 'a socket', 'its peer']
        : [first.thing?.label, 'the last reader']
      return [
        {
          id: 'io/sigpipe',
          text: `${named(first.process)} was killed by SIGPIPE: it wrote to ${object} after ${reader} had closed it.${rest}`,
          certain: found.some(({ thing }) => isSocket(thing)),
          processes: found.map(({ process }) => process),
          calls: [first.call],
        },
      ]
    },
  }
}
