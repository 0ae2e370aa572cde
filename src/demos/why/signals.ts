/** What signals do to a process, and why SIGTERM or Ctrl-C has no effect. */
import { quoteStatus } from '../../proc/status.js'
import type { Demo } from '../../run/stage.js'
import { type SignalState, signalReport } from '../../why/signals.js'
import { requireProc } from '../shared/require-proc.js'
import { requireLeader, requireSame } from './leader.js'
import { named } from './render/words.js'

/** Signals that people send, also where nothing is unusual about them. */
const common = ['HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2', 'PIPE', 'TERM', 'CHLD', 'CONT', 'STOP', 'TSTP']

const effects: Record<SignalState['effect'], string> = {
  terminates: 'terminates it',
  stops: 'stops it',
  continues: 'continues it when it is stopped',
  'runs a handler': 'runs a handler of the program, which decides',
  'stays pending': 'stays pending: it is blocked',
  nothing: 'does nothing',
}

export function whySignals(asked: number): Demo {
  return async (stage) => {
    requireProc('why')
    const stat = requireLeader(stage, asked)
    const { pid } = stat
    const report = signalReport(pid)
    requireSame(stat)
    if (!report) return
    const { signals, isInit, isZombie } = report
    const who = named(pid)
    for (const [name, sender] of [
      ['TERM', `\`kill ${pid}\``],
      ['INT', 'Ctrl-C'],
    ] as const) {
      const state = signals.find((each) => each.name === name)
      if (state)
        stage.note(`${sender} sends SIG${name} to ${who}, which ${effects[state.effect]}.`, 'opening')
    }
    if (isZombie) stage.note('It is a zombie: it has exited already, so no signal has an effect.', 'aside')
    else if (isInit)
      stage.note('It is the first process of a pid namespace: signals without a handler do nothing.', 'aside')
    for (const state of signals) {
      const { name, number, action, isBlocked, isPending, effect } = state
      const isUsual = action === 'default' && !isBlocked && !isPending
      if (isUsual && !common.includes(name)) continue
      const marks = [action, ...(isBlocked ? ['blocked'] : []), ...(isPending ? ['pending'] : [])].join(', ')
      stage.say({
        event: 'note',
        role: 'step',
        text: `SIG${name} (${number}): ${marks}. It ${effects[effect]}.`,
        row: {
          table: 'Signals',
          cells: { SIGNAL: `SIG${name}`, NUMBER: `${number}`, STATE: marks, EFFECT: effect },
        },
        data: { ...state },
      })
    }
    for (const field of ['SigPnd', 'ShdPnd', 'SigBlk', 'SigIgn', 'SigCgt']) {
      const quote = quoteStatus(pid, field)
      if (quote !== undefined) stage.evidence(`/proc/${pid}/status`, quote, 'a bit for each signal')
    }
    stage.note(`Next: \`osdemo why ${pid}\` reports what the process waits for.`, 'next')
  }
}
