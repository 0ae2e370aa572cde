/** What the kernel counts for a protocol of this network namespace: /proc/net/snmp and /proc/net/netstat. */
import { readText } from './read.js'

/**
 * Parses pairs of lines, of which the second has the values: `Udp: InDatagrams NoPorts` and `Udp: 14606 2`.
 *
 * @param protocol such as `Udp` or `TcpExt`
 */
export function parseCounters(text: string, protocol: string): Map<string, number> {
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(' ').slice(1))
  return new Map(names.map((name, at) => [name, Number(values[at])]))
}

/** A count of UDP, such as `RcvbufErrors`; undefined where it cannot be read. */
export function udpCount(name: string): number | undefined {
  return parseCounters(readText('/proc/self/net/snmp') ?? '', 'Udp').get(name)
}

/** A count of TCP that is in no standard, such as `ListenOverflows`; undefined where it cannot be read. */
export function tcpCount(name: string): number | undefined {
  return parseCounters(readText('/proc/self/net/netstat') ?? '', 'TcpExt').get(name)
}
