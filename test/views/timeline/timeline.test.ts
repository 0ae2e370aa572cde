import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import type { Depth, Event, Fact, NoteRole } from '../../../src/events.js'
import { createTimeline } from '../../../src/views/timeline/index.js'

const run: Fact = {
  event: 'run',
  command: ['pipe', 'demo'],
  version: '1.2.3',
  boot: '',
  wall: '2026-01-01T00:00:00.000Z',
  node: 'v20.0.0',
  kernel: 'linux 6',
}

let clock = 0
function by(actor: string, tid: number, fact: Fact, later = 1000): Event {
  clock += later
  return { v: 1, t: clock, pid: tid, tid, actor, ...fact }
}

function show(events: Event[], width = 80, color: 0 | 1 = 0, demo = false): string {
  const view = createTimeline({ color, width, hide: [], demo })
  return events.map((event) => view.event(event)).join('') + view.end()
}

/** One event of every kind, with long and unusual texts. */
function everything(): Event[] {
  const long = 'a text that does not fit into one line of a terminal, however one looks at it '.repeat(2)
  return [
    by('osdemo', 1, run),
    by('osdemo', 1, {
      event: 'started',
      child: 4_194_304,
      name: 'a-reader-with-a-very-long-name',
      kind: 'process',
    }),
    by('osdemo', 1, { event: 'created', kind: 'fifo', id: `/tmp/${'x'.repeat(200)}` }),
    by('reader', 4_194_304, { event: 'call', phase: 'begin', call: 'open', object: long }),
    by(
      'reader',
      4_194_304,
      { event: 'call', phase: 'end', call: 'open', object: long, result: 3 },
      10_000_000,
    ),
    by('writer', 2, { event: 'sent', channel: 'c', seq: 0, bytes: 600, text: '漢字 wide '.repeat(30) }),
    by('reader', 3, { event: 'received', channel: 'c', seq: 0, bytes: 6 }),
    by('reader', 3, {
      event: 'tally',
      channel: 'c',
      direction: 'received',
      messages: 1e9,
      bytes: 1e15,
      since: clock,
    }),
    by('osdemo', 1, { event: 'state', child: 3, state: 'waiting', kernel: 'S', source: '/proc/3/stat' }),
    by('osdemo', 1, { event: 'evidence', source: '/proc/3/wchan', value: 'pipe_read', about: long }),
    by('osdemo', 1, { event: 'claim', text: long, holds: true }),
    by('osdemo', 1, { event: 'claim', text: 'water flows uphill', holds: false }),
    by('osdemo', 1, { event: 'note', text: long }),
    by('osdemo', 1, { event: 'removed', kind: 'fifo', id: '/tmp/x' }),
    by('osdemo', 1, {
      event: 'exited',
      child: 3,
      name: 'reader',
      kind: 'process',
      code: null,
      signal: 'SIGKILL',
    }),
  ]
}

describe('the timeline', () => {
  test.each([60, 80, 132])('fits %i columns, wide characters included', (width) => {
    for (const line of show(everything(), width).split('\n'))
      expect(stringWidth(line)).toBeLessThanOrEqual(width)
  })

  test('shows the same with and without colour', () => {
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')
    const colored = show(everything(), 80, 1)
    expect(colored).toMatch(escapes)
    expect(colored.replace(escapes, '').replace(/ +$/gm, '')).toBe(show(everything()).replace(/ +$/gm, ''))
  })

  test('shows how long a call blocked, as a time and as a bar', () => {
    const held = (microseconds: number) => {
      const begin = by('reader', 3, { event: 'call', phase: 'begin', call: 'open', object: 'it' })
      const end = by(
        'reader',
        3,
        { event: 'call', phase: 'end', call: 'open', object: 'it', result: 5 },
        microseconds,
      )
      return show([begin, end]).split('\n')[1]!
    }
    expect(held(250_000)).toContain('open returned 5 after 250 ms ▇▇▇▇▇')
    expect(held(100)).toMatch(/open returned 5$/)
    expect(held(2_500_000)).toContain('after 2.50 s')
    expect(held(500_000).match(/▇/g)!.length).toBeGreaterThan(held(250_000).match(/▇/g)!.length)
  })

  test('keeps the calls of two threads apart', () => {
    const call = (tid: number, phase: 'begin' | 'end', later: number) =>
      by('counter', tid, { event: 'call', phase, call: 'read', object: 'it' }, later)
    const lines = show([
      call(1, 'begin', 0),
      call(2, 'begin', 50_000),
      call(2, 'end', 50_000),
      call(1, 'end', 50_000),
    ])
    expect(lines).toMatch(/2 ✓ read returned after 50 ms/)
    expect(lines).toMatch(/1 ✓ read returned after 150 ms/)
  })

  test('escapes what could control the terminal', () => {
    const text = 'red \u001b[31m bell \u0007 line\nturn \u202e end'
    const shown = show([by('writer', 2, { event: 'sent', channel: 'c', seq: 0, bytes: 9, text })])
    expect(shown).toContain('red \\x1b[31m bell \\x07 line\\nturn \\u{202e}')
    expect([...shown].filter((char) => char < ' ' && char !== '\n')).toEqual([])
  })

  test('escapes it in every field, whatever kind of event it is', () => {
    const bad = '\u001b[2J'
    const spoil = (value: unknown): unknown =>
      typeof value === 'string' ? value + bad : Array.isArray(value) ? value.map(spoil) : value
    for (const event of everything()) {
      const fields = Object.entries(event).map(([name, value]) => [
        name,
        name === 'event' ? value : spoil(value),
      ])
      expect(show([by('d', 1, run), Object.fromEntries(fields)])).not.toContain('\u001b')
    }
  })

  test('shows an error, but not where it is shown elsewhere', () => {
    const error = by('d', 1, { event: 'error', exit: 2, message: 'no', hint: 'yes' })
    expect(show([error])).toContain('ERROR            ✘ no (yes), exit code 2')
    expect(createTimeline({ color: 0, width: 80, hide: ['error'] }).event(error)).toBe('')
  })

  test('shows a run of another process beside the first, on the same clock', () => {
    const claim = (pid: number): Event => by('osdemo', pid, { event: 'claim', text: 'it does', holds: true })
    const other: Fact = { ...run, command: ['short-reads'] }
    const later: Fact = { ...other, version: '2.0.0' }
    const text = show([
      by('osdemo', 1, run),
      by('osdemo', 2, other),
      by('osdemo', 3, later),
      claim(1),
      claim(2),
    ])
    expect(text.match(/^──/gm)).toHaveLength(1)
    expect(text).toMatch(/0\.001 osdemo +2 \+ starts osdemo short-reads\n/)
    expect(text).toMatch(/0\.002 osdemo +3 \+ starts osdemo short-reads \(osdemo\s+2\.0\.0/)
    expect(text).toMatch(/0\.004 claim/)
    expect(text).toContain('pipe demo    ✔ it does\nshort-reads  ✔ it does\n')
  })

  test('counts the claims at the end, and lists those that failed', () => {
    const text = show(everything())
    expect(text).toContain('claim failed     ✘ water flows uphill')
    expect(text.trimEnd()).toMatch(/1 of 2 claims hold\.$/)
  })

  test('ends with a table of claims when several demos ran', () => {
    const claim: Fact = { event: 'claim', text: 'it does', holds: true }
    const second: Fact = { ...run, command: ['shm'] }
    const text = show([by('d', 1, run), by('d', 1, claim), by('d', 1, second), by('d', 1, claim)])
    expect(text).toContain('pipe demo  ✔ it does\nshm        ✔ it does\n\n2 of 2 claims hold.\n')
  })

  test('a run without claims ends without a sum', () => {
    expect(show([by('d', 1, run)])).not.toContain('claims')
  })
})

describe('events without a line', () => {
  const call = (phase: 'begin' | 'end', more = {}) =>
    by('sender', 2, { event: 'call', phase, call: 'mq_send', object: 'queue of 4', ...more })

  test('are those marked as detail', () => {
    const text = show([
      by('osdemo', 1, run),
      { ...by('sender', 2, { event: 'note', text: 'one of many' }), detail: true },
    ])
    expect(text).not.toContain('one of many')
  })

  test('are calls that did not block, unless they failed', () => {
    const quick = show([call('begin', { waits: false }), call('end', { waits: false, result: 0 })])
    expect(quick).toBe('')
    const refused = show([call('begin', { waits: false }), call('end', { waits: false, errno: 'EAGAIN' })])
    expect(refused).toMatch(/^ +\d+\.\d+ sender +2 ✓ mq_send queue of 4 returned EAGAIN\n$/)
    const held = show([
      call('begin', { waits: true }),
      { ...call('end', { waits: true, result: 0 }), t: clock + 100_000 },
    ])
    expect(held).toMatch(/… mq_send queue of 4\n.*✓ mq_send returned 0 after \d+ ms ▇▇\n$/)
  })
})

test('a call that ends before it began, as in a damaged recording, is shown', () => {
  const call = { event: 'call', call: 'open', object: 'x' } as const
  const text = show([
    by('a', 2, { ...call, phase: 'begin' }, 1e9),
    by('a', 2, { ...call, phase: 'end', result: 3 }, -1e9),
  ])
  expect(text).toMatch(/✓ open returned 3\n$/)
})

test('a region of memory is shown, however many mappings it has', () => {
  const region = {
    part: 'heap',
    from: '1000',
    to: '2000',
    bytes: 4096,
    resident: 0,
    permissions: 'rw-p',
    mappings: 1e300,
  }
  const evidence: Fact = { event: 'evidence', source: 'smaps', value: 'x', about: 'the heap', region }
  expect(show([by('d', 1, evidence)])).toContain('rw-p')
})

test('a message shows how full its channel is', () => {
  const depth = { before: 2, after: 3, capacity: 4, unit: 'messages', source: 'mq_getattr' } as const
  const text = show([
    by('sender', 2, { event: 'sent', channel: 'c', seq: 0, bytes: 5, text: 'hello', depth }),
  ])
  expect(text).toContain('→ hello (5 bytes) ▮▮▮▯ 3 of 4')
})

test('claims of a table are shown as one table when it is complete, and counted as claims', () => {
  const claim = (send: string, holds: boolean, table = 'fast sender') =>
    by('osdemo', 1, {
      event: 'claim',
      text: 'x',
      holds,
      row: { table, cells: { send, depth: '4\u001b[31m' } },
    })
  const text = show([
    by('osdemo', 1, run),
    claim('blocking', true),
    claim('nonblocking', false),
    claim('blocking', true, 'slow sender'),
    by('osdemo', 1, { event: 'note', text: 'the end' }),
  ])
  const lines = text.split('\n').slice(2)
  expect(lines.slice(0, 8)).toEqual([
    '',
    'fast sender',
    '  send         depth',
    '✔ blocking     4\\x1b[31m',
    '✘ nonblocking  4\\x1b[31m',
    '',
    'slow sender',
    '  send         depth',
  ])
  expect(text).toContain('2 of 3 claims hold.')
})

describe('the run of a demo', () => {
  const note = (text: string, role: NoteRole): Event => by('osdemo', 1, { event: 'note', text, role })
  const message = (event: 'sent' | 'received', seq: number, depth?: Depth): Event =>
    by(event === 'sent' ? 'writer' : 'reader', event === 'sent' ? 2 : 3, {
      event,
      channel: 'c',
      seq,
      bytes: 5,
      text: `m${seq}`,
      ...(depth && { depth }),
    })
  const both = (count: number) =>
    Array.from({ length: count }, (_, seq) => [message('sent', seq), message('received', seq)]).flat()

  test('is framed by paragraphs, and its closing comes last', () => {
    const events = [
      by('osdemo', 1, run),
      note('Idea.', 'opening'),
      note('Meaning.', 'closing'),
      note('Next: x', 'next'),
      by('osdemo', 1, { event: 'removed', kind: 'fifo', id: '/x' }),
      by('osdemo', 1, { event: 'claim', text: 'It does.', holds: true }),
    ]
    const text = show(events, 80, 0, true)
    expect(text).toMatch(
      /\n\n {3}Idea\.\n\n.*removed.*\n.*It does\.\n\n {3}Meaning\.\n\n {3}Next: x\n\n1 of 1 claims hold\.\n$/,
    )
  })

  test('its pictures come after the closing: the map, the table, the tree and the chart', () => {
    const region = {
      part: 'heap',
      from: '10',
      to: '2f',
      bytes: 9,
      resident: 1,
      permissions: 'rw-p',
      mappings: 1,
    }
    const state = (child: number, name: 'ready' | 'running', t: number): Event => ({
      ...by('osdemo', 1, { event: 'state', child, state: name, kernel: 'R', source: 's' }),
      t,
    })
    const process = (pid: number): Event =>
      by('osdemo', 1, {
        event: 'evidence',
        source: `/proc/${pid}/stat`,
        value: 'x',
        about: '',
        data: { pid, ppid: pid - 1, comm: 'cat', state: 'S' },
      })
    const events = [
      by('osdemo', 1, run),
      by('osdemo', 1, { event: 'evidence', source: 's', value: 'v', about: 'the heap', region }),
      by('osdemo', 1, {
        event: 'claim',
        text: 'c',
        holds: true,
        row: { table: 'Shares', cells: { a: '7' } },
      }),
      ...[4, 5, 6].map(process),
      ...[1, 2, 3].flatMap((t) =>
        [2, 3].map((child) => state(child, t === 2 ? 'running' : 'ready', t * 1e6)),
      ),
      note('Meaning.', 'closing'),
      note('Next: x', 'next'),
    ]
    const order = [
      /Meaning\./,
      /Next: x/,
      /┌──/,
      /│ the heap/,
      /Shares/,
      /^4 cat/m,
      /└─ 5 cat/,
      /── states/,
      /1 of 1 claims/,
    ]
    const text = show(events, 80, 0, true)
    const places = order.map((part) => text.search(part))
    expect(places).toEqual([...places].sort((one, other) => one - other))
    expect(Math.min(...places)).toBeGreaterThan(0)
    // In a recording that is viewed, or in a tool, each is in its place.
    const inPlace = show(events, 80, 0)
    expect(inPlace.search(/Shares/)).toBeLessThan(inPlace.search(/Meaning/))
  })

  test('sums up messages that repeat', () => {
    const text = show([by('osdemo', 1, run), ...both(10), note('Done.', 'step')], 80, 0, true)
    expect(text.match(/→ m\d/g)).toEqual(['→ m0', '→ m1', '→ m2', '→ m3'])
    expect(text).toContain('→ m3 to m9 (7 messages, 35 bytes)')
    expect(text).toMatch(/← m3 to m9 \(7 messages, 35 bytes\)\n.*Done/)
  })

  test('shows a single message that was kept as it is, and at the end of the run too', () => {
    expect(show([by('osdemo', 1, run), ...both(4)], 80, 0, true)).toContain('→ m3 (5 bytes)\n')
  })

  test('shows each message of a queue, with its depth', () => {
    const depth = { before: 0, after: 1, unit: 'messages', source: 'mq_getattr' } as const
    const events = Array.from({ length: 9 }, (_, seq) => message('sent', seq, depth))
    expect(show([by('osdemo', 1, run), ...events], 80, 0, true).match(/→ m\d/g)).toHaveLength(9)
  })

  test('in the timeline of a tool each message has a line, and nothing waits for the end', () => {
    const text = show([by('osdemo', 1, run), note('Wait.', 'next'), ...both(9)])
    expect(text.match(/→ m\d/g)).toHaveLength(9)
    expect(text).toMatch(/Wait\.\n\n.*→ m0/)
  })
})
