/** Looks for mistakes in a traced run. Each has a page in docs/mistakes. */
import type { FindingFact } from '../events.js'
import type { Call } from '../trace/line.js'
import type { Block, Hooks, Trace } from '../trace/model.js'
import { addressInUse } from './address-in-use.js'
import { busyWaiting } from './busy-waiting.js'
import { callOnMinusOne } from './call-on-minus-one.js'
import { childContinuesAfterFailedExec } from './child-continues-after-failed-exec.js'
import { closeWait } from './close-wait.js'
import { deadlock } from './deadlock.js'
import type { Detector, Finding } from './detector.js'
import { eintrNotRetried } from './eintr-not-retried.js'
import { headerDecidesAllocation } from './header-decides-allocation.js'
import { keyUsedAsId } from './key-used-as-id.js'
import { leaked } from './leaked.js'
import { leftBehind } from './left-behind.js'
import { neverReaped } from './never-reaped.js'
import { oneWaitPerSigchld } from './one-wait-per-sigchld.js'
import { orphanedChild } from './orphaned-child.js'
import { privateKeyInUnrelatedProcesses } from './private-key-in-unrelated-processes.js'
import { readEndLeftOpen } from './read-end-left-open.js'
import { removedWhileUsed } from './removed-while-used.js'
import { serialWait } from './serial-wait.js'
import { shortWriteIgnored } from './short-write-ignored.js'
import { sigpipe } from './sigpipe.js'
import { spinsAtEof } from './spins-at-eof.js'
import { spinsOnError } from './spins-on-error.js'
import { stdioBufferDuplicatedByFork } from './stdio-buffer-duplicated-by-fork.js'
import { typeNobodySends } from './type-nobody-sends.js'
import { unsafeWait } from './unsafe-wait.js'
import { unusedEndInheritedByExec } from './unused-end-inherited-by-exec.js'
import { usedAfterClose } from './used-after-close.js'
import { waitsForEver } from './waits-for-ever.js'
import { writeEndLeftOpen } from './write-end-left-open.js'

/** One for each id. The file has the name of the mistake. */
const detectors: Record<string, () => Detector> = {
  'fd/call-on-minus-one': callOnMinusOne,
  'fd/leaked': leaked,
  'fd/used-after-close': usedAfterClose,
  'io/busy-waiting': busyWaiting,
  'io/eintr-not-retried': eintrNotRetried,
  'io/short-write-ignored': shortWriteIgnored,
  'io/sigpipe': sigpipe,
  'io/spins-at-eof': spinsAtEof,
  'io/spins-on-error': spinsOnError,
  'io/stdio-buffer-duplicated-by-fork': stdioBufferDuplicatedByFork,
  'ipc/key-used-as-id': keyUsedAsId,
  'ipc/left-behind': leftBehind,
  'ipc/private-key-in-unrelated-processes': privateKeyInUnrelatedProcesses,
  'ipc/removed-while-used': removedWhileUsed,
  'lock/deadlock': deadlock,
  'memory/header-decides-allocation': headerDecidesAllocation,
  'pipe/read-end-left-open': readEndLeftOpen,
  'pipe/unused-end-inherited-by-exec': unusedEndInheritedByExec,
  'pipe/write-end-left-open': writeEndLeftOpen,
  'process/child-continues-after-failed-exec': childContinuesAfterFailedExec,
  'process/never-reaped': neverReaped,
  'process/one-wait-per-sigchld': oneWaitPerSigchld,
  'process/orphaned-child': orphanedChild,
  'process/serial-wait': serialWait,
  'queue/type-nobody-sends': typeNobodySends,
  'semaphore/waits-for-ever': waitsForEver,
  'signal/unsafe-wait': unsafeWait,
  'socket/address-in-use': addressInUse,
  'socket/close-wait': closeWait,
}

export const findingIds = Object.keys(detectors)

/** The calls that strace has to report for them. */
export const callsOfFindings = [
  ...new Set(Object.values(detectors).flatMap((create) => Object.keys(create().calls ?? {}))),
]

/** At most this many findings with the same id are reported, and this much of each call. */
const mostOfOne = 3
const longestCall = 160

export interface Finder {
  hooks: Hooks
  finish(trace: Trace): FindingFact[]
}

export function createFinder(): Finder {
  const all = Object.values(detectors).map((create) => create())
  const byCall = new Map<string, NonNullable<Detector['calls']>[string][]>()
  for (const { calls = {} } of all)
    for (const [name, see] of Object.entries(calls)) byCall.set(name, [...(byCall.get(name) ?? []), see])
  return {
    hooks: {
      onCall(call, process) {
        for (const see of byCall.get(call.name) ?? []) see(call, process)
      },
      onBlock(block) {
        for (const { block: see } of all) see?.(block)
      },
      onReceipt(signal, process, others) {
        for (const { signal: see } of all) see?.(signal, process, others)
      },
      onExit(process, others) {
        for (const { exit } of all) exit?.(process, others)
      },
    },
    finish: (trace) =>
      all.flatMap((detector) =>
        detector
          .finish(trace)
          .flatMap((finding) => asFarAsKnown(finding, trace))
          .slice(0, mostOfOne)
          .map((finding) => factOf(finding, trace)),
      ),
  }
}

/** Where the trace began in the middle, processes outside of it may use what is older, and nothing is proven. */
function asFarAsKnown(finding: Finding, { processes }: Trace): Finding[] {
  if (!processes.some(({ wasRunning }) => wasRunning)) return [finding]
  const isOlder = finding.calls.some((call) => 'thing' in call && call.thing?.made === undefined)
  return isOlder ? [] : [{ ...finding, certain: false }]
}

function factOf({ id, text, certain, processes, calls }: Finding, trace: Trace): FindingFact {
  const evidence = calls.map((call) => quote(call, trace))
  return { event: 'finding', id, text, certain, pids: processes.map(({ pid }) => pid), evidence }
}

/** A call as strace writes it, with its time since the start of the trace. */
function quote(call: Call | Block, { start }: Trace): FindingFact['evidence'][number] {
  const at = (t: number) => `pid ${call.tid}, ${((t - start) / 1e6).toFixed(6)} s`
  if ('begin' in call)
    return { source: at(call.begin), value: `${call.call}(${call.object}) had not returned` }
  const { t, name, args, result, more } = call
  const text = `${name}(${args.join(', ')})`
  const cut = text.length > longestCall ? `${text.slice(0, longestCall - 1)}…` : text
  return { source: at(t), value: `${cut} = ${result ?? '?'}${more}` }
}
