/** execve(2) failed in a child, and the child continues with the code of its parent: it starts, waits and reads as that does. */
import { counted } from '../text.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { isShell } from './children.js'
import { type Detector, forCalls } from './detector.js'

export function childContinuesAfterFailedExec(): Detector {
  /** Children that have tried to execute a program: the last call that failed. */
  const failed = new Map<Process, Call>()
  /** What the child then does, that only its parent should do. */
  const proofs = new Map<Process, Call>()
  const prints = new Map<Process, Call>()
  /** What each process has read as stdin. */
  const inputs = new Map<Process, string>()
  const goOn = (call: Call, process: Process) => {
    if (failed.has(process) && !proofs.has(process)) proofs.set(process, call)
  }
  return {
    calls: {
      ...forCalls('execve,execveat', (call, process) => {
        // A script without an interpreter is run by the shell itself.
        const isChild = process.parent && process.executed === undefined && !isShell(process)
        if (isChild && call.errno !== undefined && call.errno !== 'ENOEXEC') failed.set(process, call)
        else failed.delete(process)
      }),
      ...forCalls('clone,clone3,fork,vfork', (call, process) => {
        if (!call.args.join().includes('CLONE_THREAD')) goOn(call, process)
      }),
      ...forCalls('wait4,waitid', goOn),
      read(call, process) {
        const [from = ''] = call.args
        if (!from.startsWith('0<')) return
        inputs.set(process, from)
        if (process.parent && inputs.get(process.parent) === from) goOn(call, process)
      },
      ...forCalls('write,writev', (call, process) => {
        if (failed.has(process) && call.args[0]?.startsWith('1<')) prints.set(process, call)
      }),
    },
    finish() {
      const all = [...failed.keys()]
      const proven = all.filter((process) => proofs.has(process))
      // It has printed something, and reports success.
      const likely = all.filter((process) => prints.has(process) && process.end?.code === 0)
      const found = proven.length > 0 ? proven : likely
      const [first] = found
      const exec = first && failed.get(first)
      const next = first && (proofs.get(first) ?? prints.get(first))
      if (!exec || !next) return []
      const rest =
        found.length === 1 ? '' : ` So did ${counted(found.length - 1, 'more process', 'more processes')}.`
      return [
        {
          id: 'process/child-continues-after-failed-exec',
          text: `${named(first)} could not execute ${exec.args[0]} (${exec.errno}), and continued with ${next.name}(2).${rest}`,
          certain: proven.length > 0,
          processes: found,
          calls: [exec, next],
        },
      ]
    },
  }
}
