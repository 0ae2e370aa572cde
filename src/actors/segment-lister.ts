/** Lists the System V segments of the machine, as the kernel lists them. */
import { now } from '../events.js'
import { isAlive } from '../proc/stat.js'
import { readSegments, type Segment } from '../proc/sysvipc-shm.js'
import { largest } from '../text.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'

export interface SegmentListerConfig {
  /** The ids of those that osdemo made and left because the user wanted it so. */
  ours: number[]
  /** Write a table to stdout. */
  print: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'segment-lister': { config: SegmentListerConfig; word: never; runsAs: 'process' }
  }
}

runActor<'segment-lister'>(async ({ say, config: { ours, print } }) => {
  const at = now()
  const segments = readSegments() ?? []
  for (const segment of segments) {
    const row = Object.entries(rowOf(segment, ours)).filter(([, value]) => value !== '')
    say(
      {
        event: 'evidence',
        source: '/proc/sysvipc/shm',
        value: row.map((cell) => cell.join(' ').trim()).join(', '),
        about: `segment ${segment.id}`,
        data: { ...segment, ours: ours.includes(segment.id) },
      },
      at,
    )
  }
  if (segments.length === 0)
    say({ event: 'note', text: 'there is no System V segment on this machine now', role: 'closing' })
  else if (print) await writeOut(Buffer.from(table(segments.map((segment) => rowOf(segment, ours)))))
})

/** What is shown of a segment, in words, by column. */
function rowOf(segment: Segment, ours: number[]) {
  const { key, id, uid, mode, size, attached, creatorPid, lastPid, removed } = segment
  const process = (pid: number) => (pid === 0 ? 'none' : `${pid} ${isAlive(pid) ? 'alive' : 'dead'}`)
  return {
    key: `${key}`,
    id: `${id}`,
    owner: `${uid}`,
    mode: mode.toString(8).padStart(3, '0'),
    bytes: `${size}`,
    attached: `${attached}`,
    creator: process(creatorPid),
    last: process(lastPid),
    '': [removed ? 'removed, until all detach it' : '', ours.includes(id) ? 'made by osdemo' : '']
      .filter(Boolean)
      .join(', '),
  }
}

/** @param rows at least one, all with the same columns */
function table(rows: Record<string, string>[]): string {
  const columns = Object.keys(rows[0] ?? {})
  const lines = [Object.fromEntries(columns.map((name) => [name, name.toUpperCase()])), ...rows]
  const padded = columns.map((name) => {
    const cells = lines.map((line) => line[name] ?? '')
    const width = largest(
      cells.map((cell) => cell.length),
      0,
    )
    return cells.map((cell) => cell.padEnd(width))
  })
  return lines
    .map(
      (_, row) =>
        `${padded
          .map((cells) => cells[row])
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
