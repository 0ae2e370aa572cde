/** The picture of TCP sockets: the two processes with their sockets, and a line with its states for each socket. */
import { expect, test } from 'vitest'
import type { Event } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { drawSockets } from '../../../../src/views/svg/figures/sockets.js'
import { createTeller, received, sent } from '../../../support/stories.js'

const address = '127.0.0.1:7'

/** A server with a listener, one connection that the client closes, and what the kernel listed. */
function connection(how: string): Event[] {
  const { events, say } = createTeller()
  const seen = (localPort: number, remotePort: number, state: string, inode: number) => {
    const data = { localPort, remotePort, state, inode }
    say('osdemo', 1, { event: 'evidence', source: '/proc/net/tcp', value: 'x', about: 'x', data })
  }
  say('server', 2, { event: 'created', kind: 'socket', id: address, host: '127.0.0.1', port: 7 })
  seen(7, 0, 'LISTEN', 70)
  say('client', 3, { event: 'call', phase: 'begin', call: 'connect', object: 'x' })
  say('client', 3, { event: 'call', phase: 'end', call: 'connect', object: 'x', result: 0 })
  say('server', 2, { event: 'created', kind: 'socket', id: `${address} to 127.0.0.1:99` })
  say('client', 3, sent('there', 0, 'hello'))
  say('server', 2, received('there', 0, 'hello'))
  seen(99, 7, 'ESTABLISHED', 71)
  seen(7, 99, 'ESTABLISHED', 72)
  say('server', 2, { event: 'note', text: 'x', data: { peer: '127.0.0.1:99', how } })
  say('server', 2, { event: 'removed', kind: 'socket', id: `${address} to 127.0.0.1:99` })
  if (how === 'FIN') seen(99, 7, 'TIME_WAIT', 0)
  say('server', 2, { event: 'removed', kind: 'socket', id: address })
  return events
}

const draw = (events: Event[]) => drawSockets(tellStory(events, false))

/** The states of all sockets, with the times from which to which they are drawn. */
function statesOf(events: Event[]): string[] {
  const bars = draw(events)!
    .parts.join('\n')
    .matchAll(/<g data-t="(\d+)" data-end="(\d+)"><title>(\w+)</g)
  return [...bars].map(([, from, to, state]) => `${state} ${from}-${to}`)
}

test('listener and connection are apart, and the side that closed first stays in TIME_WAIT', () => {
  expect(statesOf(connection('FIN'))).toEqual([
    'LISTEN 0-12000',
    'ESTABLISHED 4000-10000',
    'connect 2000-3000',
    'ESTABLISHED 3000-9000',
    'TIME_WAIT 9000-12000',
  ])
  const text = draw(connection('FIN'))!.parts.join('\n')
  expect(text).toContain('>127.0.0.1:99, peer 7<')
  expect(text).toContain('>127.0.0.1:7, peer 99<')
  expect(text).toMatch(/>LISTEN, inode 70</)
  expect(text).toContain('>1 frame, 5 bytes<')
  expect(text).toMatch(/<g data-t="9000">.*>FIN</)
  expect(text.match(/class="kernel"/g)).toHaveLength(4)
})

test('after a reset no side stays in TIME_WAIT', () => {
  const text = draw(connection('reset'))!.parts.join('\n')
  expect(text).toMatch(/<g data-t="9000"><path [^>]*class="lost"\/><text[^>]*>RST</)
  expect(statesOf(connection('reset')).filter((state) => state.startsWith('TIME_WAIT'))).toEqual([])
})

test('without what the kernel listed there is no such picture', () => {
  expect(draw(connection('FIN').filter(({ event }) => event !== 'evidence'))).toBeUndefined()
})
