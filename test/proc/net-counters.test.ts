import { expect, test } from 'vitest'
import { parseCounters, tcpCount, udpCount } from '../../src/proc/net-counters.js'

test('a count is found by its name, beside protocols whose names begin alike', () => {
  const text = 'Udp: InDatagrams NoPorts\nUdp: 14606 2\nUdpLite: InDatagrams NoPorts\nUdpLite: 7 8\n'
  expect(parseCounters(text, 'Udp')).toEqual(
    new Map([
      ['InDatagrams', 14606],
      ['NoPorts', 2],
    ]),
  )
  expect(parseCounters('', 'Udp')).toEqual(new Map())
})

test.runIf(process.platform === 'linux')('the kernel has the counts that the demos show', () => {
  const counts = [udpCount('NoPorts'), udpCount('RcvbufErrors'), tcpCount('ListenOverflows')]
  expect(counts.map((count) => typeof count)).toEqual(['number', 'number', 'number'])
  expect(udpCount('NoSuchCount')).toBe(undefined)
})
