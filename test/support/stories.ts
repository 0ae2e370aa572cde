/** Events for tests of pictures: small stories written by hand, and a large one. */
import type { Event, Fact, RunFact } from '../../src/events.js'

/** Makes events, a millisecond apart unless a test sets their time. */
export function createTeller() {
  let t = 1_000_000
  const events: Event[] = []
  return {
    events,
    say(actor: string, tid: number, fact: Fact, later = 1000): void {
      t += later
      events.push({ v: 1, t, pid: tid, tid, actor, ...fact })
    },
  }
}

export const run: RunFact = {
  event: 'run',
  command: ['pipe', 'demo', '--save', 'a.svg'],
  version: '1.2.3',
  boot: 'one',
  wall: '2026-01-01T00:00:00.000Z',
  node: 'v20.0.0',
  kernel: 'linux 6',
}

export const started = (child: number, name: string): Fact => ({
  event: 'started',
  child,
  name,
  kind: 'process',
})
export const exited = (child: number, name: string, signal: string | null = null): Fact => ({
  event: 'exited',
  child,
  name,
  kind: 'process',
  code: signal ? null : 0,
  signal,
})
export const sent = (channel: string, seq: number, text: string): Fact => ({
  event: 'sent',
  channel,
  seq,
  bytes: text.length,
  text,
})
export const received = (channel: string, seq: number, text: string): Fact =>
  ({
    ...sent(channel, seq, text),
    event: 'received',
  }) as Fact

/** Texts that are syntax to some parser. */
export const harmful = [
  '<img src=x onerror="document.title=1">',
  '</script><script>document.title=1</script>',
  ']]></style></svg><b onclick=x>',
  'end; note over p0: x',
  '%%{init: {"securityLevel": "loose"}}%%',
  '#35;quot; &amp; &#60;b&#62;',
  'a\u0000b\u001b[31m\r\nend\ttab',
  '--> end end ENDING --x',
  '$$x^2$$ `code` **b** ```',
  '漢字 \u{1d4b3} \ud800 \u202e',
  '',
  ' ',
  ':',
  "javascript:alert('1')",
]

/** Every kind of event, with this text in every field that takes one. */
export function storyOf(text: string): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, { ...run, command: ['pipe', text] })
  say('osdemo', 1, started(2, `reader ${text}`), 20_000)
  say('osdemo', 1, started(3, 'writer'))
  say('osdemo', 1, { event: 'created', kind: 'fifo', id: text })
  say('reader', 2, { event: 'call', phase: 'begin', call: `open${text}`, object: text })
  say('osdemo', 1, { event: 'evidence', source: '/proc/2/wchan', value: text, about: text })
  say('osdemo', 1, { event: 'claim', text, holds: true })
  say('reader', 2, { event: 'call', phase: 'end', call: `open${text}`, object: text, result: 3 }, 300_000)
  say('reader', 2, { event: 'call', phase: 'end', call: 'read', object: text, errno: 'EAGAIN' })
  for (let seq = 0; seq < 3; seq++) say('writer', 3, sent(text, seq, text))
  for (let seq = 0; seq < 2; seq++) say('reader', 2, received(text, seq, text))
  say('writer', 3, sent(`untold ${text}`, 0, text))
  say('writer', 3, {
    event: 'tally',
    channel: 'many',
    direction: 'sent',
    messages: 2000,
    bytes: 4000,
    since: 1_300_000,
  })
  for (const state of ['new', 'ready', 'running', 'waiting', 'stopped', 'zombie', 'gone'] as const) {
    say('osdemo', 1, { event: 'state', child: 4, state, kernel: 'R', source: text })
  }
  say('osdemo', 1, { event: 'claim', text, holds: false })
  say('osdemo', 1, { event: 'note', text })
  say('osdemo', 1, { event: 'signal', signal: `SIGKILL${text}`, from: 1, to: 2, name: text, group: true })
  say('osdemo', 1, exited(2, `reader ${text}`, 'SIGKILL'))
  say('osdemo', 1, exited(3, 'writer'))
  say('osdemo', 1, { event: 'removed', kind: 'fifo', id: text })
  say('osdemo', 1, { event: 'signal', signal: text, to: 1, name: 'osdemo' })
  say('osdemo', 1, { event: 'error', exit: 1, message: text, hint: text })
  return events
}

/** A child that passes through the states of a process, twice through `ready` and `running`. */
export function statesOf(name: string): Event[] {
  const { events, say } = createTeller()
  const states = ['new', 'ready', 'running', 'waiting', 'ready', 'running', 'zombie', 'gone'] as const
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, name))
  for (const state of states) {
    say('osdemo', 1, { event: 'state', child: 2, state, kernel: 'R', source: name }, 10_000)
  }
  say('osdemo', 1, exited(2, name))
  return events
}

/** About 2,000 events: messages between four processes, every hundredth lost; nested calls; claims. */
export function longStory(): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  const names = ['a', 'b', 'c', 'd']
  for (const [index, name] of names.entries()) say('osdemo', 1, started(10 + index, name))
  for (let number = 0; number < 450; number++) {
    const [from, to] = [number % 4, (number + 1 + (number % 3)) % 4]
    const channel = `${from} to ${to}`
    say(names[from]!, 10 + from, { event: 'call', phase: 'begin', call: 'write', object: channel })
    say(names[from]!, 10 + from, sent(channel, number, `message ${number}`), 100)
    say(
      names[from]!,
      10 + from,
      { event: 'call', phase: 'end', call: 'write', object: channel, result: 9 },
      100,
    )
    if (number % 100 !== 99) say(names[to]!, 10 + to, received(channel, number, `message ${number}`), 100)
    if (number % 20 === 0) {
      say(
        'osdemo',
        1,
        { event: 'evidence', source: `/proc/${10 + from}/stat`, value: `${number}`, about: 'how many' },
        10,
      )
      say('osdemo', 1, { event: 'claim', text: `message ${number} has gone`, holds: true }, 10)
    }
  }
  for (const [index, name] of names.entries()) say('osdemo', 1, exited(10 + index, name))
  return events
}
