/** Datagrams to a receiver that does not read: which ones its buffer takes, and which ones the kernel drops. */
import { constants } from 'node:os'
import { numberIn } from '../../../events.js'
import { thousands } from '../../../text.js'
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, textAt } from '../parts.js'

const { ECONNREFUSED } = constants.errno

/** The columns below the datagrams: the claims whose evidence is drawn, and those that are written. */
const columns = [
  {
    title: 'Boundaries',
    claims: ['udp/datagrams-keep-their-boundaries', 'udp/short-receive-loses-the-rest'],
  },
  {
    title: 'No socket has the port',
    claims: ['udp/unconnected-sender-learns-nothing', 'udp/connected-sender-is-refused'],
  },
  { title: 'TCP instead', claims: ['udp/tcp-sender-waits', 'udp/tcp-loses-nothing'] },
]

/** More have no room. */
const most = 100
const perRow = 25
const [titleTop, cellTop, pitch, cell] = [144, 164, 48, 38]
const gap = 40
const columnWidth = (box.right - box.left - (columns.length - 1) * gap) / columns.length

export const drawUdpLoss: Draw = (story) => {
  const loss = claimOf(story, 'udp/full-buffer-drops-datagrams')
  const found = loss && countsOf(loss)
  if (!found) return undefined
  const { sent, received, drops, bytes } = found
  const unaware = claimOf(story, 'udp/sender-is-not-told-of-loss')
  const rows = Math.ceil(sent / perRow)
  const top = cellTop + rows * pitch + 24
  const below = columns.map(({ title, claims }, at) => {
    const x = box.left + at * (columnWidth + gap)
    const written = claimsOf(story, claims)
    const place = { x, y: top + 150, width: columnWidth, lines: 4 }
    return {
      claims: written,
      parts: [
        textAt(x, top + 66, title, 'large'),
        ...written
          .flatMap(quotes)
          .slice(0, 2)
          .map(({ t, text }, row) =>
            element('g', when(story, t), textAt(x, top + 92 + row * 22, text, 'see')),
          ),
        ...writeClaims(story, written, place).parts,
      ],
    }
  })
  const sum = `${sent} sent = ${received} received + ${drops} dropped`
  return {
    see: 'A filled box: the receive buffer has taken the datagram. A cross: the kernel has dropped it.',
    parts: [
      textAt(box.left, titleTop, `${sent} datagrams to a receiver that does not read`, 'large'),
      ...Array.from({ length: sent }, (_, number) => drawDatagram(story, loss, number, number < received)),
      element('g', { 'data-sum': sum, ...when(story, loss.t) }, textAt(box.left, top + 8, sum, 'large')),
      unaware?.holds
        ? textAt(
            box.right,
            top + 8,
            `Each call of sendto(2) returned ${bytes}, also those of lost datagrams.`,
            'see',
            'end',
          )
        : '',
      ...below.flatMap(({ parts }) => parts),
    ],
    claims: [loss, ...(unaware?.holds ? [unaware] : []), ...below.flatMap(({ claims }) => claims)],
  }
}

/** Undefined where the datagrams that were received are not the first ones. */
function countsOf({ evidence }: Claim) {
  const told = (name: string) =>
    evidence.flatMap(({ data }) => numberIn(data, name) ?? []).findLast(Number.isSafeInteger) ?? -1
  const [sent, received, drops, bytes] = [told('complete'), told('received'), told('drops'), told('bytes')]
  if (sent < 1 || sent > most || received < 0 || received > sent || drops < 0) return undefined
  const areFirst = received === 0 || (told('first') === 0 && told('last') === received - 1)
  return areFirst ? { sent, received, drops, bytes } : undefined
}

function drawDatagram(story: Story, { t }: Claim, number: number, isKept: boolean): string {
  const x = box.left + (number % perRow) * pitch
  const y = cellTop + Math.floor(number / perRow) * pitch
  const frame = { x, y, width: cell, height: cell, rx: 4, class: isKept ? 'held' : 'new' }
  const cross = `M${x + 6} ${y + 6}l${cell - 12} ${cell - 12}M${x + cell - 6} ${y + 6}l${12 - cell} ${cell - 12}`
  return element(
    'g',
    { 'data-datagram': `${number} ${isKept ? 'kept' : 'dropped'}`, ...when(story, t) },
    element('rect', frame) +
      (isKept
        ? textAt(x + cell / 2, y + 24, `${number + 1}`, 'name', 'middle')
        : element('path', { d: cross, class: 'lost' })),
  )
}

/** The bytes that were sent and those that were received, or the errno of the call. */
function quotes({ evidence }: Claim): { t: number; text: string }[] {
  return evidence.flatMap(({ data, t }) => {
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return []
    const { sent, received, errno } = data
    if (errno === ECONNREFUSED) return [{ t, text: 'after connect(2): ECONNREFUSED' }]
    if (sent === undefined || received === undefined) return []
    return [{ t, text: `sent ${listed(sent)}, received ${listed(received)}` }]
  })
}

const listed = (value: unknown) =>
  (Array.isArray(value) ? value : [value])
    .slice(0, 5)
    .map((each) => thousands(Number(each)))
    .join(' · ')
