/** Which ports standard services have: /etc/services, and the ports on which this machine listens. */
import { readTcpTable } from '../../proc/net-tcp.js'
import { readServices } from '../../proc/services.js'
import type { Stage } from '../../run/stage.js'

/** Services that most networks have, with the TCP ports that IANA has assigned to them. */
const standard = new Map([
  ['ssh', 22],
  ['smtp', 25],
  ['domain', 53],
  ['http', 80],
  ['https', 443],
])

/** So many listening ports are shown. The others are counted. */
const shown = 6

export function showServices(stage: Stage): void {
  const services = readServices()?.filter(({ protocol }) => protocol === 'tcp') ?? []
  const named = [...standard.keys()].flatMap(
    (name) => services.find((service) => service.name === name) ?? [],
  )
  if (named.length === 0) {
    const why = services.length === 0 ? 'is missing or has no entry' : 'names no standard service'
    stage.note(`Not observed: the names of well-known ports. /etc/services ${why} here.`, 'aside')
    return
  }
  const list = named.map(({ name, port }) => `${name} ${port}`).join(', ')
  const data = Object.fromEntries(named.map(({ name, port }) => [name, port]))
  stage.evidence('/etc/services', list, 'services and their TCP ports', { data })
  stage.claim(
    'tcp/standard-services-have-well-known-ports',
    `Standard services have well-known ports, below 1024: ${list}.`,
    named.every(({ name, port }) => port === standard.get(name)),
  )
  // Of several names of a port the first counts, as for getservbyport(3).
  showListening(stage, new Map(services.toReversed().map(({ name, port }) => [port, name])))
}

/** Any process may listen at any free port that it is allowed to bind, so a name promises nothing. */
function showListening(stage: Stage, names: Map<number, string>): void {
  const listening = readTcpTable().filter(({ state }) => state === 'LISTEN')
  const ports = [...new Set(listening.map(({ local }) => local.port))].sort((a, b) => a - b)
  const data = ports.slice(0, shown).map((port) => ({ port, service: names.get(port) ?? null }))
  const list = data.map(({ port, service }) => `${port} ${service ?? '(no name)'}`)
  const more = ports.length > shown ? [`${ports.length - shown} more`] : []
  stage.evidence(
    '/proc/net/tcp, /etc/services',
    [...list, ...more].join(', '),
    'ports that listen on this machine, and their services',
    { data },
  )
}
