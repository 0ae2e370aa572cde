/** The report about a traced run: processes, objects, messages, and what blocked. */
import type { FindingFact } from '../../events.js'
import type { Stage } from '../../run/stage.js'
import { counted, duration, thousands } from '../../text.js'
import type { Process, Signals, Trace } from '../../trace/model.js'
import { isMapped, type Thing, type Use } from '../../trace/objects.js'
import type { Parser } from '../../trace/parse.js'
import { named, nameOf, shown } from '../../trace/recorder.js'
import { callsOfStartups, isOfStartup } from '../../trace/startup.js'
import { type Row, together } from './alike.js'
import { type Topic, topicOf } from './topics.js'

/** At most this many rows of a table are shown. The others are counted. */
const mostRows = 24

/** At most this many calls that have not returned are told. */
const mostBlocked = 12

/** Wider names are cut, in columns. */
const [widestName, widestObject] = [22, 30]

interface Options {
  title: string
  isKept: (topic: Topic) => boolean
  unreadable: Parser['unreadable']
  findings: FindingFact[]
}

export function report(stage: Stage, trace: Trace, { title, isKept, unreadable, findings }: Options): void {
  const say = teller(stage)
  const { processes, calls, start, end } = trace
  const size = `${counted(processes.length, 'process', 'processes')}, ${counted(calls, 'traced call')} in ${duration(end - start)}`
  const [root] = processes
  say.note(`${title}${root?.end ? ` ${endOf(root)}` : ''}: ${size}.`, 'opening')
  const hasThreads = processes.some(({ threads }) => threads > 0)
  say.table(
    'Processes',
    tree(trace).map((one) => rowOfProcess(one, hasThreads)),
  )
  tellLoading(say, processes)
  const things = trace.things.filter(
    (thing) => isKept(topicOf({ kind: 'object', thing })) && isUsed(thing) && !isOfStartup(thing),
  )
  say.table('Objects', things.filter((thing) => !isMapped(thing)).map(rowOfThing))
  say.table('Shared memory, semaphores and files', things.filter(isMapped).map(rowOfThing))
  say.table('Messages', rowsOfTalks(trace, isKept))
  say.table('Signals', isKept('signal') ? trace.signals.map(rowOfSignal) : [])
  say.table('Calls of 1 ms or longer', rowsOfWaits(trace, isKept))
  tellBlocked(say, trace)
  tellZombies(say, trace)
  for (const finding of findings) stage.say(finding)
  if (unreadable.count > 0) {
    const [first = ''] = unreadable.samples
    const text = `${counted(unreadable.count, 'line')} of the log could not be read. The first one: ${first}`
    say.note(text, 'aside', { unreadable: unreadable.count, samples: unreadable.samples })
  }
}

export function teller(stage: Stage) {
  // The stage may be aborted: this is the last that it says.
  const note = (
    text: string,
    role: 'opening' | 'step' | 'aside',
    data?: Row['data'] | { unreadable: number; samples: string[] },
  ) => stage.say({ event: 'note', role, text, ...(data && { data }) })
  return {
    note,
    table(title: string, all: Row[]): void {
      const rows = together(all)
      for (const { cells, text, data } of rows.slice(0, mostRows))
        stage.say({ event: 'note', role: 'step', text, data, row: { table: title, cells } })
      const more = rows.length - mostRows
      if (more > 0) note(`… and ${thousands(more)} more in the table "${title}".`, 'aside')
    },
  }
}

/** The processes, each below its parent, with its depth. */
function tree({ processes }: Trace): { process: Process; depth: number }[] {
  const children = new Map<Process | undefined, Process[]>()
  for (const process of processes) {
    const siblings = children.get(process.parent)
    if (siblings) siblings.push(process)
    else children.set(process.parent, [process])
  }
  const below = (parent: Process | undefined, depth: number): { process: Process; depth: number }[] =>
    (children.get(parent) ?? []).flatMap((process) => [{ process, depth }, ...below(process, depth + 1)])
  return below(undefined, 0)
}

function rowOfProcess({ process, depth }: { process: Process; depth: number }, hasThreads: boolean): Row {
  const { pid, parent, threads, command } = process
  const startup = callsOfStartups(process)
  const calls = process.calls - startup
  const blocked = [...process.waits.values()].reduce((sum, { total }) => sum + total, 0)
  const program = cut(`${'  '.repeat(Math.min(depth, 6))}${nameOf(process)}`, widestName)
  return {
    cells: {
      program,
      pid: `${pid}`,
      'how it ended': endOf(process),
      ...(hasThreads && { threads: `${threads + 1}` }),
      calls: thousands(calls),
      'in long calls': timeOrNone(blocked),
    },
    text: `${named(process)} ${endOf(process)} after ${counted(calls, 'system call')}.`,
    data: {
      pid,
      parent: parent?.pid ?? null,
      command: command.join(' '),
      code: process.end?.code ?? null,
      signal: process.end?.signal ?? null,
      reapedBy: process.reaped?.by.pid ?? null,
      threads: threads + 1,
      calls,
      startup,
      blocked,
    },
    sums: { calls: { value: calls, show: thousands }, 'in long calls': { value: blocked, show: timeOrNone } },
    ...(parent && { below: nameOf(parent) }),
  }
}

function timeOrNone(microseconds: number): string {
  return microseconds > 0 ? duration(microseconds) : '-'
}

/** The calls of which no language has a note, and which the table of processes does not count either. */
function tellLoading(say: ReturnType<typeof teller>, processes: Process[]): void {
  const all = processes.flatMap(({ startups = [] }) => startups.filter(({ isLanguage }) => !isLanguage))
  if (all.length === 0) return
  const calls = all.reduce((sum, one) => sum + one.calls, 0)
  const where = all.length === 1 ? '' : ` in ${counted(all.length, 'process', 'processes')}`
  say.note(`Left out: the loading of libraries, ${counted(calls, 'call')}${where}.`, 'aside', {
    loading: calls,
  })
}

function endOf({ end }: Process): string {
  if (!end) return 'still running'
  return end.signal === null ? `exited with code ${end.code}` : `was killed by ${end.signal}`
}

function isUsed({ users, made, removed }: Thing): boolean {
  return users.size > 0 || made !== undefined || removed !== undefined
}

function rowOfThing(thing: Thing): Row {
  const users = (side: keyof Use) => [...thing.users].filter(([, use]) => use[side].calls > 0)
  const [writers, readers] = [users('write'), users('read')]
  const names = (list: [Process, Use][]) => {
    const [first] = list
    if (!first) return '-'
    return list.length === 1 ? cut(named(first[0]), widestName) : counted(list.length, 'process', 'processes')
  }
  const sum = (side: keyof Use, of: 'bytes' | 'calls') =>
    [...thing.users.values()].reduce((total, use) => total + use[side][of], 0)
  const { made, removed, label } = thing
  const deeds = [
    ...(made ? [`made by ${named(made.by)}`] : []),
    ...(isMapped(thing) && thing.users.size > 0 ? [`used by ${names([...thing.users])}`] : []),
    ...(!isMapped(thing) && writers.length > 0 ? [`written by ${names(writers)}`] : []),
    ...(!isMapped(thing) && readers.length > 0 ? [`read by ${names(readers)}`] : []),
    ...(removed ? [`removed by ${named(removed.by)}`] : []),
  ]
  return {
    cells: {
      object: cut(label, widestObject),
      'made by': made ? `${made.by.pid}` : '-',
      ...(isMapped(thing)
        ? { 'used by': names([...thing.users]) }
        : { 'written by': names(writers), 'read by': names(readers) }),
      removed: removed ? 'yes' : '-',
    },
    text: deeds.length > 0 ? `${label}: ${deeds.join(', ')}.` : `${label}.`,
    data: {
      object: label,
      kind: thing.kind,
      madeBy: made?.by.pid ?? null,
      removedBy: removed?.by.pid ?? null,
      writes: sum('write', 'calls'),
      written: sum('write', 'bytes'),
      reads: sum('read', 'calls'),
      read: sum('read', 'bytes'),
    },
  }
}

function rowsOfTalks({ talks }: Trace, isKept: Options['isKept']): Row[] {
  return talks
    .filter(({ thing }) => isKept(topicOf({ kind: 'object', thing })) && !isOfStartup(thing))
    .map(({ thing, from, to, messages, bytes, text }) => {
      const about = {
        from: cut(named(from), widestName),
        to: cut(named(to), widestName),
        through: cut(thing.label, 16),
        messages: thousands(messages),
        bytes: thousands(bytes),
      }
      return {
        cells: about,
        text: `${named(from)} sent ${counted(messages, 'message')} (${counted(bytes, 'byte')}) to ${named(to)} through ${thing.label}.`,
        data: {
          from: from.pid,
          to: to.pid,
          object: thing.label,
          messages,
          bytes,
          first: shown(text, Buffer.byteLength(text)).text ?? null,
        },
        sums: {
          messages: { value: messages, show: thousands },
          bytes: { value: bytes, show: thousands },
        },
      }
    })
}

function rowOfSignal({ signal, from, to, count }: Signals): Row {
  return {
    cells: {
      signal,
      from: cut(named(from), widestName),
      to: cut(named(to), widestName),
      times: thousands(count),
    },
    text: `${named(from)} sent ${signal} to ${named(to)} ${counted(count, 'time')}.`,
    data: { signal, from: from.pid, to: to.pid, count },
    sums: { times: { value: count, show: thousands } },
  }
}

function rowsOfWaits({ processes }: Trace, isKept: Options['isKept']): Row[] {
  return processes
    .flatMap((process) => [...process.waits.values()].map((wait) => ({ process, ...wait })))
    .filter(({ thing, call }) => isKept(topicOf({ kind: 'call', thing, call })))
    .sort((one, other) => other.total - one.total)
    .map(({ process, call, about, count, total, by }) => ({
      cells: {
        process: cut(named(process), widestName),
        call: `${call}(2)`,
        'waits for': cut(about, 20),
        times: thousands(count),
        time: duration(total),
      },
      text: `${named(process)} was in ${call}(2) ${counted(count, 'time')}, ${duration(total)} in all, for ${about}.${by.size > 0 ? ` It was unblocked by ${[...by].slice(0, 4).map(named).join(', ')}.` : ''}`,
      data: {
        pid: process.pid,
        call,
        object: about,
        count,
        total,
        unblockedBy: [...by].map(({ pid }) => pid).join(' '),
      },
      sums: {
        times: { value: count, show: thousands },
        time: { value: total, show: duration },
      },
    }))
}

/** The calls that had not returned when the trace ended. */
function tellBlocked(say: ReturnType<typeof teller>, { blocked, end, processes }: Trace): void {
  if (blocked.length === 0) return
  say.note('These calls had not returned.', 'opening')
  for (const { process, call, object, begin, thing } of blocked.slice(0, mostBlocked)) {
    const holders = (side: 'read' | 'write') =>
      processes.filter(
        (each) =>
          !each.end && [...each.table.values()].some((held) => held.thing === thing && held.end === side),
      )
    const time = duration(Math.max(0, end - begin))
    const text = `${named(process)} has been in ${call}(2) for ${object} for ${time}.`
    const other = call.startsWith('read') ? 'write' : 'read'
    const isPipe = thing?.kind === 'pipe' || thing?.kind === 'fifo'
    const list = isPipe ? holders(other).map(named) : []
    const open = list.length > 0 ? ` Its ${other} end is open in ${list.slice(0, 4).join(', ')}.` : ''
    say.note(text + open, 'step', { pid: process.pid, call, object, since: Math.round(begin) })
  }
  if (blocked.length > mostBlocked)
    say.note(`… and ${thousands(blocked.length - mostBlocked)} more threads.`, 'aside')
}

/** Children that were zombies until their parent exited. */
function tellZombies(say: ReturnType<typeof teller>, { processes }: Trace): void {
  const left = processes.filter(
    ({ parent, end, reaped }) => parent && end && !reaped && (parent.end ? parent.end.t > end.t : true),
  )
  if (left.length === 0) return
  const names = left.slice(0, 4).map(named).join(', ')
  const more = left.length > 4 ? ` and ${thousands(left.length - 4)} more` : ''
  say.note(`Not reaped by their parent: ${names}${more}.`, 'step')
}

export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}
