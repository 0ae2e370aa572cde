/** What a process may do with a signal, and what became of signals that were blocked, or that came during a call. */
import { constants } from 'node:os'
import { type Data, numberIn } from '../../../events.js'
import { counted } from '../../../text.js'
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

/** Two claims stand below each of the three panels. */
const blockedClaims = ['signal/standard-signals-merge', 'signal/real-time-signals-queue']
const callClaims = ['signal/handler-interrupts-slow-call', 'signal/sa-restart-continues-slow-call']
const childClaims = ['signal/one-wait-leaves-zombies', 'signal/loop-reaps-all']

const [cardGap, panelGap] = [16, 24]
const cardWidth = (box.right - box.left - 3 * cardGap) / 4
const panelWidth = (box.right - box.left - 2 * panelGap) / 3

/** The y coordinates of the parts. */
const [cardTop, cardHeight, panelTop, claimTop] = [box.top + 12, 172, 350, 510]

export const drawSignals: Draw = (story) => {
  if (!claimOf(story, 'signal/standard-signals-merge')) return undefined
  const panels = [blockedRows(story), callRows(story), childRows(story)]
  const titles = ['Three signals while blocked', 'A handler during read(2)', 'Three children exit at once']
  const claims = [blockedClaims, callClaims, childClaims].map((ids) => claimsOf(story, ids))
  return {
    see: 'A process chooses what a signal does. A pending standard signal has no count.',
    parts: [
      ...drawCards(story),
      ...panels.flatMap((rows, at) => {
        const x = box.left + at * (panelWidth + panelGap)
        const written = writeClaims(story, claims[at] ?? [], { x, y: claimTop, width: panelWidth })
        return [
          textAt(x, panelTop, titles[at] ?? '', 'large'),
          ...rows.map((draw) => draw(x)),
          ...written.parts,
        ]
      }),
    ],
    claims: claims.flat(),
  }
}

/** The four choices, each with the set that shows it, the signal that was sent, and what happened. */
function drawCards(story: Story): string[] {
  const [terminated, handled, ignored, blocked] = [
    'signal/default-action-terminates',
    'signal/handler-replaces-default-action',
    'signal/ignored-is-discarded',
    'signal/blocked-stays-pending',
  ].map((id) => claimOf(story, id))
  const child = terminated && story.lanes.findLast(({ end }) => end !== undefined && end.t <= terminated.t)
  const killer = child?.end?.signal
  const runs = (claim: Claim | undefined) => rowsOf(claim).length
  const isPending = setOf(blocked, 'ShdPnd').includes(constants.signals.SIGUSR1)
  const cards: [string, string, 'SIGUSR1' | 'SIGUSR2', string, Claim | undefined][] = [
    ['Default action', 'SigCgt', 'SIGUSR1', killer ? `killed by ${killer}` : 'lives on', terminated],
    ['Handler', 'SigCgt', 'SIGUSR1', `${counted(runs(handled), 'run')} of the handler`, handled],
    ['Ignored', 'SigIgn', 'SIGUSR2', runs(ignored) === 0 ? 'nothing happens' : 'a handler ran', ignored],
    ['Blocked', 'SigBlk', 'SIGUSR1', isPending ? 'stays pending (ShdPnd)' : 'not pending', blocked],
  ]
  return cards.flatMap(([title, field, signal, outcome, claim], at) => {
    if (!claim) return []
    const x = box.left + at * (cardWidth + cardGap)
    const room = cardWidth - 32
    const kind = claim.holds ? 'name' : 'name bad'
    return element(
      'g',
      { 'data-outcome': outcome, ...when(story, claim.t) },
      element('rect', { x, y: cardTop, width: cardWidth, height: cardHeight, rx: 6, class: 'band' }) +
        textAt(x + 16, cardTop + 32, title, 'large') +
        textAt(
          x + 16,
          cardTop + 62,
          fitted(`${field}: ${namesOf(setOf(claim, field), signal)}`, room, 14),
          'mono',
        ) +
        bolt(x + 16, cardTop + 98) +
        textAt(x + 36, cardTop + 104, `${signal} arrives`, '') +
        arrow(x + 16, cardTop + 138, 24) +
        textAt(x + 52, cardTop + 144, fitted(outcome, room - 36, 16), kind),
    )
  })
}

type Row = (x: number) => string

/** The two rows of a panel begin this far below its title. */
const rowOffsets = [48, 100]

/** Three sent signals, what was pending, and what was delivered. */
function blockedRows(story: Story): Row[] {
  const claim = claimOf(story, 'signal/standard-signals-merge')
  const pending = claimOf(story, 'signal/blocked-stays-pending')
  const deliveries = rowsOf(claim)
  const [usr1, realTime] = [constants.signals.SIGUSR1, largestOf(deliveries)]
  return [usr1, realTime].map((signal, at) => (x) => {
    if (!claim || !pending) return ''
    const y = panelTop + (rowOffsets[at] ?? 0)
    const values = deliveries.flatMap((row) => (row.signal === signal ? [Number(row.value)] : []))
    const label = signal === usr1 ? 'SIGUSR1' : 'SIGRTMIN'
    const bolts = [0, 1, 2].map((one) => bolt(x + 96 + one * 20, y - 5)).join('')
    const cells = values
      .slice(0, 5)
      .map((value, one) => cell(x + 216 + one * 32, y - 17, value || '', 'held'))
    const sum = textAt(x + 216 + Math.min(values.length, 5) * 32 + 6, y, `${values.length} ×`, 'name')
    return (
      element('g', when(story, pending.t), textAt(x, y, label, 'mono') + bolts) +
      element(
        'g',
        { 'data-delivered': values.length, ...when(story, claim.t) },
        arrow(x + 168, y - 5, 34) + cells.join('') + sum,
      )
    )
  })
}

/** read(2) is blocked, the handler runs, and read(2) fails or continues. */
function callRows(story: Story): Row[] {
  return callClaims.map((id, at) => (x) => {
    const claim = claimOf(story, id)
    const data = claim?.evidence.findLast((one) => numberIn(one.data, 'errno') !== undefined)?.data
    if (!claim || data === undefined) return ''
    const y = panelTop + (rowOffsets[at] ?? 0)
    const hasFailed = numberIn(data, 'errno') !== 0
    const result = hasFailed ? errnoName(numberIn(data, 'errno')) : `${numberIn(data, 'result')} bytes`
    const bar = (from: number, width: number, kind: string, text: string) =>
      element('rect', { x: x + from, y: y - 17, width, height: 24, class: kind }) +
      textAt(x + from + width / 2, y, text, 'small', 'middle')
    return element(
      'g',
      { 'data-result': result, ...when(story, claim.t) },
      textAt(x, y, at === 0 ? 'no flag' : 'SA_RESTART', 'mono') +
        bar(96, 66, 'waiting', 'read(2)') +
        ((numberIn(data, 'runs') ?? 0) > 0 ? bolt(x + 156, y - 22) + bar(162, 66, 'held', 'handler') : '') +
        (hasFailed ? '' : bar(228, 66, 'waiting', 'read(2)')) +
        textAt(x + (hasFailed ? 240 : 304), y, result, hasFailed ? 'name bad' : 'name'),
    )
  })
}

/** The children that the handler reaped, and the zombies that are left. */
function childRows(story: Story): Row[] {
  let before = 0
  return childClaims.map((id, at) => {
    const claim = claimOf(story, id)
    const data = claim?.evidence.find((one) => numberIn(one.data, 'reaped') !== undefined)?.data
    const reaped = Math.min(Math.max(numberIn(data, 'reaped') ?? 0, 0), 6)
    const all = Math.max(before + 3, reaped)
    const left = all - reaped
    // The zombies of the first handler are reaped with the next children.
    const number = before > 0 && left === 0 ? `${before} + ${reaped - before}` : `${reaped}`
    before = left
    const zombies = left === 0 ? '' : `, ${counted(left, 'zombie')}`
    return (x) => {
      if (!claim || data === undefined) return ''
      const y = panelTop + (rowOffsets[at] ?? 0)
      const cells = Array.from({ length: all }, (_, one) =>
        cell(x + 132 + one * 28, y - 17, '', one < reaped ? 'new' : 'zombie'),
      )
      return element(
        'g',
        { 'data-zombies': left, ...when(story, claim.t) },
        textAt(x, y, at === 0 ? 'one waitpid(2)' : 'a loop', 'mono') +
          cells.join('') +
          textAt(x + 132 + all * 28 + 4, y, `${number} reaped${zombies}`, 'small'),
      )
    }
  })
}

const bolt = (x: number, y: number) =>
  element('path', { d: `M${x + 9} ${y - 7}l-5 8h8l-5 9`, class: 'lost', 'stroke-width': 2 })

const arrow = (x: number, y: number, width: number) =>
  element('path', { d: `M${x} ${y}h${width - 6}`, class: 'arrow' }) +
  element('path', { d: `M${x + width} ${y}l-10 -5v10z`, class: 'head' })

const cell = (x: number, y: number, text: string | number, kind: string) =>
  element('rect', { x, y, width: 24, height: 24, rx: 3, class: kind }) +
  textAt(x + 12, y + 17, `${text}`, 'small', 'middle')

type Records = Extract<Data, { [name: string]: unknown }[]>

/** The runs of the handler that the last evidence of a claim lists. */
function rowsOf(claim: Claim | undefined): Records {
  const data = claim?.evidence.findLast((one) => one.source.startsWith('stdout'))?.data
  return Array.isArray(data) ? data.filter((one) => typeof one === 'object' && one !== null) : []
}

const largestOf = (rows: Records) => Math.max(0, ...rows.map(({ signal }) => Number(signal) || 0))

/** The numbers of the signals in a set that the evidence of a claim lists. */
function setOf(claim: Claim | undefined, field: string): number[] {
  const data = claim?.evidence.findLast(
    ({ data }) => typeof data === 'object' && 'field' in data && data.field === field,
  )?.data
  const signals = typeof data === 'object' && 'signals' in data ? data.signals : []
  return Array.isArray(signals) ? signals.map(Number) : []
}

/** The signal that was sent, where the set contains it, and whether it contains more. */
function namesOf(set: number[], signal: 'SIGUSR1' | 'SIGUSR2'): string {
  if (set.length === 0) return 'empty'
  if (!set.includes(constants.signals[signal])) return `without ${signal}`
  return set.length === 1 ? signal : `${signal}, …`
}

function errnoName(number: number | undefined): string {
  const [name] = Object.entries(constants.errno).find(([, value]) => value === number) ?? []
  return name ?? `errno ${number}`
}
