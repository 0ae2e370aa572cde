/** Calls that wait for children, for time and for signals. */
import type { ChildBlocker } from '../../../why/blockers/child.js'
import type { SignalBlocker } from '../../../why/blockers/signal.js'
import type { TimerBlocker } from '../../../why/blockers/timer.js'
import { type Evidence, type Telling, verb } from './telling.js'
import { listed, named, seconds } from './words.js'

export function tellChild(blocker: ChildBlocker): Telling {
  const { pid, whom, group, fd, children, others, needsAll, untilExec } = blocker
  const names = listed(children.map((child) => named(child.pid)))
  const [only, ...more] = children
  const end = untilExec ? 'exits or executes a program' : 'exits'
  const among = group === undefined ? '' : ` in process group ${group}`
  const evidence: Evidence[] = [
    ...(group === undefined
      ? []
      : children.slice(0, 4).map((child) => ({
          source: `/proc/${child.pid}/status`,
          value: `NSpgid: ${group}`,
          about: 'process group',
        }))),
    ...(whom === 'pidfd' && only
      ? [{ source: `/proc/${pid}/fdinfo/${fd}`, value: `Pid: ${only.pid}`, about: 'a pidfd' }]
      : []),
    ...(needsAll ? [{ source: `/proc/${pid}/status`, value: 'SigIgn: CHLD', about: 'decoded' }] : []),
  ]
  return {
    wait:
      only === undefined
        ? `until a child${among} ${end}`
        : more.length === 0
          ? `until its child ${names} ${end}`
          : needsAll
            ? `until all its children${among} exit`
            : `until one of its children${among} ${end}`,
    sentences: [
      ...(only === undefined
        ? ['Not observed: which child that is.']
        : more.length > 0
          ? [`${group === undefined ? 'Its children are' : 'These are'} ${names}.`]
          : only.pid === process.pid
            ? ['That child is this osdemo, which exits by itself.']
            : []),
      ...(needsAll ? ['It ignores SIGCHLD, so wait(2) returns when no child is left, with ECHILD.'] : []),
      ...(others.length > 0
        ? [
            `It does not wait for its ${verb(others, 'child', 'children')} ${listed(others.map(named))}: the call names ${whom === 'group' ? `process group ${group}` : 'another one'}.`,
          ]
        : []),
    ],
    proofs: [
      ...(evidence.length > 0
        ? [{ shows: `Only some events end this wait of ${named(pid)}.`, evidence }]
        : []),
      ...children.slice(0, 4).map((child) => ({
        shows: `${named(child.pid)} is a child of process ${child.ppid} and has not exited.`,
        evidence: [
          {
            source: `/proc/${child.pid}/status`,
            value: `PPid: ${child.ppid}`,
            about: '',
            data: { pid: child.pid, ppid: child.ppid },
          },
        ],
      })),
    ],
  }
}

export function tellTimer(pid: number, { time }: TimerBlocker): Telling {
  if (!time) return { wait: 'until its sleep is over', sentences: [], proofs: [] }
  const isSpan = 'span' in time
  return {
    wait: isSpan
      ? `until its sleep of ${seconds(time.span)} is over`
      : `until its sleep is over, in ${seconds(time.left)}`,
    sentences: isSpan ? ['Not observed: when that sleep began.'] : [],
    proofs: [
      {
        shows: `${named(pid)} asked the kernel to sleep.`,
        evidence: [
          {
            source: `/proc/${pid}/mem`,
            value: isSpan ? `${time.span} s` : `${time.until.toFixed(3)} s of ${time.clock}`,
            about: isSpan ? 'the time in its call' : 'the moment in its call',
            data: { ...time },
          },
        ],
      },
    ],
  }
}

export function tellSignal(pid: number, blocker: SignalBlocker): Telling {
  const { signals, blocked, pending, source, isTimed } = blocker
  const names = signals.map((name) => `SIG${name}`)
  const time = isTimed ? ', with a time limit' : ''
  const kept = blocked.map((name) => `SIG${name}`)
  const sent = pending.map((name) => `SIG${name}`)
  return {
    wait: `for a signal${names.length === 1 ? `, ${names[0]}` : ''}${time}`,
    sentences: [
      ...(names.length > 1
        ? [`It ${source === 'mem' ? 'accepts' : 'has a handler for'} ${listed(names, 8)}.`]
        : names.length === 0 && kept.length === 0
          ? ['It has no signal handler, so any signal either does nothing or terminates it.']
          : []),
      ...(kept.length > 0
        ? [
            `It has a handler for ${listed(kept, 8)}, but blocks ${verb(kept, 'that signal', 'those signals')}.`,
            `So \`kill -${blocked[0]} ${pid}\` only makes the signal pending.`,
          ]
        : []),
      ...(sent.length > 0 ? [`${listed(sent, 8)} ${verb(sent, 'is', 'are')} pending already.`] : []),
      ...(kept.length > 0 && names.length === 0
        ? ['Only the program itself can unblock it, and no other signal has a handler.']
        : []),
    ],
    proofs: [
      {
        shows:
          source === 'mem'
            ? `${named(pid)} waits for these signals.`
            : `${named(pid)} has ${names.length === 0 ? 'no handler that could run' : 'a handler for these signals'}.`,
        evidence: [
          {
            source: `/proc/${pid}/${source}`,
            value: `${source === 'mem' ? '' : 'SigCgt without SigBlk: '}${names.join(' ') || 'none'}`,
            about: 'decoded',
            data: signals,
          },
          ...(kept.length > 0
            ? [
                {
                  source: `/proc/${pid}/status`,
                  value: `SigCgt and SigBlk: ${kept.join(' ')}; pending: ${sent.join(' ') || 'none'}`,
                  about: 'decoded',
                  data: { blocked, pending },
                },
              ]
            : []),
        ],
      },
    ],
  }
}
