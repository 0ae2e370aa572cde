/** What a story contains about the life of one System V segment. */
import type { Event } from '../../../events.js'
import type { Lane, Step, Story } from '../../story/index.js'

/** A process that has the segment attached from one time to another. */
export interface Span {
  lane: Lane
  from: number
  to: number
}

/** Something that a process does with the segment, in a word or two. */
export interface Act {
  lane: Lane
  t: number
  label: string
  isFailure?: true
}

export interface SegmentLife {
  /** How events name it: its key, or its id where it has none. */
  channel: string
  /** As the kernel lists it; missing where no event contains it. */
  id?: number
  size?: number
  /** When it was created and when it was removed; missing where that is not recorded. */
  created?: number
  removed?: number
  /** When the last process detached it after its removal. */
  freed?: number
  spans: Span[]
  acts: Act[]
  /** How often it was attached, from each of these times on; `isSeen` where the kernel reported it. */
  counts: { t: number; count: number; isSeen: boolean }[]
}

/** The life of the first segment in the story; undefined without one. */
export function segmentLife(story: Story): SegmentLife | undefined {
  const channel = channelIn(story)
  if (channel === undefined) return undefined
  const life: SegmentLife = { channel, spans: [], acts: [], counts: [] }
  const open = new Map<Lane, Span>()
  const count = (t: number, more: number) => {
    const last = life.counts.at(-1)?.count ?? 0
    life.counts.push({ t, count: Math.max(0, last + more), isSeen: false })
  }
  const attach = (lane: Lane, t: number) => {
    if (open.has(lane)) return
    const span = { lane, from: t, to: story.end }
    open.set(lane, span)
    life.spans.push(span)
    count(t, 1)
  }
  const detach = (lane: Lane, t: number) => {
    const span = open.get(lane)
    if (!span) return
    span.to = t
    open.delete(lane)
    count(t, -1)
    if (life.removed !== undefined && life.counts.at(-1)?.count === 0) life.freed ??= t
  }
  for (const step of story.steps) take(life, step, attach, detach)
  return life
}

function channelIn({ steps }: Story): string | undefined {
  for (const { event } of steps) {
    if ((event.event === 'created' || event.event === 'removed') && event.kind === 'segment') return event.id
    const listed = listedIn(event)
    if (listed) return listed.key === 0 ? `id ${listed.id}` : `${listed.key}`
  }
  return undefined
}

type Change = (lane: Lane, t: number) => void

function take(life: SegmentLife, { event, lane, about }: Step, attach: Change, detach: Change): void {
  const { t } = event
  const act = (label: string, of = lane) => life.acts.push({ lane: of, t, label })
  switch (event.event) {
    case 'created':
      if (event.kind === 'segment' && event.id === life.channel) life.created ??= t
      break
    case 'removed':
      if (event.kind === 'segment' && event.id === life.channel) {
        life.removed ??= t
        if (life.counts.at(-1)?.count === 0) life.freed ??= t
      }
      break
    case 'call':
      if (event.phase === 'begin') break
      if (event.errno !== undefined)
        life.acts.push({ lane, t, label: `${event.call}: ${event.errno}`, isFailure: true })
      else if (event.call === 'shmat') attach(lane, t)
      else if (event.call === 'shmdt') detach(lane, t)
      break
    case 'sent':
    case 'received':
      if (event.channel !== life.channel) break
      act(
        `${event.event === 'sent' ? 'writes' : 'reads'} ${event.text === undefined ? '' : `“${event.text}”`}`,
      )
      break
    case 'exited':
      if (!about) break
      detach(about, t)
      life.acts.push(
        event.signal === null
          ? { lane: about, t, label: 'exits' }
          : { lane: about, t, label: event.signal, isFailure: true },
      )
      break
    case 'evidence':
      takeEvidence(life, event, about, attach, detach)
  }
}

function takeEvidence(
  life: SegmentLife,
  event: Event,
  about: Lane | undefined,
  attach: Change,
  detach: Change,
): void {
  const mapped = mappedIn(event)
  if (mapped !== undefined && about) (mapped ? attach : detach)(about, event.t)
  const listed = listedIn(event)
  if (
    !listed ||
    (listed.id !== life.id && `${listed.key}` !== life.channel && `id ${listed.id}` !== life.channel)
  )
    return
  life.id ??= listed.id
  life.size ??= listed.size
  life.counts.push({ t: event.t, count: Math.max(0, listed.attached), isSeen: true })
}

/** The line of a segment in /proc/sysvipc/shm. */
function listedIn(event: Event): { key: number; id: number; size: number; attached: number } | undefined {
  if (event.event !== 'evidence' || typeof event.data !== 'object' || Array.isArray(event.data))
    return undefined
  const { key, id, size, attached } = event.data
  return typeof key === 'number' &&
    typeof id === 'number' &&
    typeof size === 'number' &&
    typeof attached === 'number'
    ? { key, id, size, attached }
    : undefined
}

/** Whether the segment is mapped in a process, where evidence of /proc/PID/maps says so. */
function mappedIn(event: Event): boolean | undefined {
  if (event.event !== 'evidence' || typeof event.data !== 'object' || Array.isArray(event.data))
    return undefined
  return typeof event.data.mapped === 'boolean' ? event.data.mapped : undefined
}
