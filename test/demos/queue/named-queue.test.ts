/** One POSIX queue, used by osdemo and C in two terminals; which process removes it; and errors. */

import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { unlinkQueue } from '../../../src/ipc/posix-mq.js'
import { waitingThreads } from '../../../src/proc/task.js'
import { dataFrom } from '../../support/facts.js'
import {
  asUser,
  childrenOf,
  eventsSoFar,
  expectNothingLeft,
  invalidEvents,
  newPlace,
  outcome,
  type Place,
  parseEvents,
  processesOf,
  temporaryFolder,
} from '../../support/osdemo.js'
import { ends, story, waits } from '../../support/queue-runs.js'
import { depthOf } from '../../support/queues.js'
import { until } from '../../support/until.js'

/** Names that no other test uses. A queue that a test leaves is removed when the test ends. */
let next = 0
function newName(): string {
  const name = `/osdemo-test-${process.pid}-${next++}`
  onTestFinished(() => {
    if (depthOf(name) !== undefined) unlinkQueue(name)
  })
  return name
}

describe('sender and receiver meet, whichever starts first', () => {
  test('the receiver waits for messages, prints them, and the last process removes the queue', async () => {
    const place = newPlace()
    const name = newName()
    const receiver = place.osdemo(['queue', 'receive', '--name', name, '--max', '2'])
    await waits(receiver, 'mq_timedreceive')
    await until(() => story(receiver).includes(`osdemo queue send --name ${name} hello`))
    const sender = place.osdemo(['queue', 'send', '--name', name, 'hello wörld', '', '--json'])
    expect(await sender.exit).toBe(0)
    expect(dataFrom(parseEvents(sender.stdout()), 'mq_getattr(3)')).toEqual([
      { depth: 0, capacity: 10, messageSize: 8192 },
    ])
    expect([await receiver.exit, receiver.stdout()]).toEqual([0, 'hello wörld\n\n'])
    expect(depthOf(name)).toBeUndefined()
    expectNothingLeft(place)
  })

  test('the sender waits until its messages are received, the highest priority first', async () => {
    const place = newPlace()
    const name = newName()
    const first = place.osdemo(['queue', 'send', '--name', name, 'low', 'also low'])
    await until(() => depthOf(name) === 2)
    const second = place.osdemo(['queue', 'send', '--name', name, '--priority', '9', 'high'])
    await until(() => depthOf(name) === 3)
    expect(processesOf(place)).toContain(first.pid)
    const receiver = await ends(place, ['receive', '--name', name, '--nonblocking'])
    expect(receiver).toMatchObject({ exit: 0, stdout: 'high\nlow\nalso low\n' })
    expect([await first.exit, await second.exit]).toEqual([0, 0])
    expect(story(first)).toContain(
      `Waiting for a receiver. In another terminal: osdemo queue receive --name ${name}`,
    )
    expect(depthOf(name)).toBeUndefined()
    expectNothingLeft(place)
  })

  test('a sender blocks while the queue is full, and 3,000 lines arrive in order and unchanged', async () => {
    const place = newPlace()
    const name = newName()
    const sender = place.sh(`seq 3000 | osdemo queue send --name ${name}`)
    const actor = await until(() =>
      processesOf(place).find((pid) => waitingThreads(pid).some(({ syscall }) => syscall === 'mq_timedsend')),
    )
    expect([actor > 0, depthOf(name)]).toEqual([true, 10])
    const receiver = place.osdemo(['queue', 'receive', '--name', name, '--max', '3000', '--quiet'])
    expect([await receiver.exit, await sender.exit]).toEqual([0, 0])
    const lines = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`)
    expect(receiver.stdout()).toBe(lines.join(''))
    expect(story(sender)).toContain('Sent 3,000 messages (10,893 bytes)')
    expectNothingLeft(place)
  })
})

describe('a C program', () => {
  const source = `
    #include <mqueue.h>
    #include <fcntl.h>
    #include <stdio.h>
    #include <string.h>
    int main(int argc, char **argv) {
      mqd_t queue = mq_open(argv[1], argc > 2 ? O_WRONLY | O_CREAT : O_RDONLY, 0600, NULL);
      if (queue == (mqd_t)-1) return perror("mq_open"), 1;
      for (int i = 2; i < argc; i++)
        if (mq_send(queue, argv[i], strlen(argv[i]), i) == -1) return perror("mq_send"), 1;
      if (argc > 2) return 0;
      char text[8192];
      unsigned priority;
      ssize_t length = mq_receive(queue, text, sizeof text, &priority);
      if (length == -1) return perror("mq_receive"), 1;
      return printf("%u %zd %.*s\\n", priority, length, (int)length, text), 0;
    }`

  test('exchanges messages with both over one name, and osdemo keeps a queue that it created', async ({
    skip,
  }) => {
    skip(spawnSync('cc', ['--version']).status !== 0, 'needs a C compiler')
    const place = newPlace()
    const name = newName()
    const program = join(temporaryFolder(), 'mq')
    writeFileSync(`${program}.c`, source)
    execFileSync('cc', ['-o', program, `${program}.c`, '-lrt'])
    const mq = (...words: string[]) => execFileSync(program, [name, ...words], { encoding: 'utf8' })

    const receiver = place.osdemo(['queue', 'receive', '--name', name, '--max', '1'])
    await until(() => depthOf(name) === 0)
    mq('from C: größer')
    expect([await receiver.exit, receiver.stdout()]).toEqual([0, 'from C: größer\n'])
    expect(depthOf(name)).toBeUndefined()

    mq('one', 'two')
    const sender = await ends(place, ['send', '--name', name, '--priority', '7', 'wörld'])
    expect(sender.exit).toBe(0)
    expect([depthOf(name), sender.stderr]).toEqual([3, expect.stringContaining('holds 3 messages')])
    expect(mq()).toBe('7 6 wörld\n')
    const rest = await ends(place, ['receive', '--name', name, '--nonblocking'])
    expect(rest).toMatchObject({ exit: 0, stdout: 'two\none\n' })
    expect(depthOf(name)).toBe(0)
    expectNothingLeft(place)
  })
})

describe('queue list and queue remove', () => {
  /** The queues that are listed, of the names of this file. */
  async function listed(place: Place) {
    const run = place.osdemo(['queue', 'list', '--json'])
    expect(await run.exit).toBe(0)
    expect(invalidEvents(parseEvents(run.stdout()))).toEqual([])
    return dataFrom(parseEvents(run.stdout()), 'mq_getattr(3)')
  }

  test('list shows how full a queue is, and remove removes it with its record', async () => {
    const place = newPlace()
    const name = newName()
    await ends(place, ['send', '--keep', '--name', name, 'one', 'two'])
    const kept = { name, messages: 2, ours: true, mode: 0o600, uid: process.getuid?.() }
    expect(await listed(place)).toContainEqual(expect.objectContaining(kept))
    expect((await ends(place, ['list'])).stdout).toMatch(
      new RegExp(`^NAME .*\\n(.*\\n)*${name} .* by osdemo\\n`),
    )
    const receiver = place.osdemo(['queue', 'receive', '--name', name, '--max', '3'])
    await until(() => receiver.stdout() === 'one\ntwo\n')
    const removed = await ends(place, ['remove', '--name', name])
    expect(removed).toMatchObject({ exit: 0, stdout: '' })
    // The kernel keeps the queue for the process that has it open.
    expect(removed.stderr).toContain(`(pid ${childrenOf(receiver.pid)[0]})`)
    expect(depthOf(name)).toBeUndefined()
    expect(JSON.stringify(await listed(place))).not.toContain(name)
    expect(await ends(place, ['remove', '--name', name])).toMatchObject({ exit: 1, stdout: '' })
    receiver.child.kill('SIGINT')
    await receiver.exit
    expectNothingLeft(place)
  })

  test('lists and does not remove a queue of another user', async (context) => {
    const [place, other] = [newPlace(), asUser(65534, context)]
    const name = newName()
    await ends(place, ['send', '--keep', '--name', name, 'mine'])
    const theirs = newPlace()
    chmodSync(theirs.folder, 0o777)
    const refused = await ends(theirs, ['remove', '--name', name], other)
    expect(refused).toMatchObject({ exit: 1, stderr: expect.stringMatching(/EACCES|EPERM/) })
    expect(depthOf(name)).toBe(1)
  })
})

describe('--keep', () => {
  test('keeps the queue, also from clean, and prints how to remove it', async () => {
    const place = newPlace()
    const name = newName()
    const sender = place.osdemo(['queue', 'send', '--keep', '--name', name, 'kept', '--json'])
    expect(await sender.exit).toBe(0)
    expect(await place.osdemo(['clean']).exit).toBe(0)
    expect(depthOf(name)).toBe(1)
    expect(await ends(place, ['receive', '--name', name, '--max', '1'])).toMatchObject({ stdout: 'kept\n' })
    expect(depthOf(name)).toBe(0)
    const next = parseEvents(sender.stdout()).flatMap((event) =>
      event.event === 'note' && event.role === 'next' ? [event.text] : [],
    )
    const command = next.flatMap((text) => /Remove it: (.*)$/.exec(text)?.[1] ?? [])
    expect(command).toHaveLength(1)
    expect(await outcome(place.sh(command[0]!))).toMatchObject({ exit: 0, stdout: '' })
    expect(depthOf(name)).toBeUndefined()
    expect(await place.osdemo(['clean']).exit).toBe(0)
    expectNothingLeft(place)
  })

  test('keeps a queue that another osdemo created and would remove', async () => {
    const place = newPlace()
    const name = newName()
    const receiver = place.osdemo(['queue', 'receive', '--name', name, '--max', '1'])
    await waits(receiver, 'mq_timedreceive')
    expect(await ends(place, ['send', '--keep', '--name', name, 'a', 'b'])).toMatchObject({ exit: 0 })
    expect([await receiver.exit, receiver.stdout()]).toEqual([0, 'a\n'])
    expect(await place.osdemo(['clean']).exit).toBe(0)
    expect(depthOf(name)).toBe(1)
  })

  test('keeps the messages sent before EAGAIN, but none of a run that was interrupted', async () => {
    const place = newPlace()
    const name = newName()
    const texts = Array.from({ length: 11 }, (_, index) => `${index}`)
    const full = await ends(place, ['send', '--keep', '--nonblocking', '--name', name, ...texts])
    expect(full.exit).toBe(1)
    expect(full.stderr).toContain(
      `the queue ${name} is full, with 10 of 10 messages: mq_send: EAGAIN 10 messages were sent before`,
    )
    expect(depthOf(name)).toBe(10)

    const other = newName()
    const sender = place.osdemo(['queue', 'send', '--keep', '--name', other, ...texts])
    await waits(sender, 'mq_timedsend')
    sender.child.kill('SIGINT')
    expect(await sender.exit).toBe(130)
    expect(depthOf(other)).toBeUndefined()
    expect(story(sender)).toContain(`Removed queue ${other} with 10 messages that no process had received`)
  })
})

describe('errors', () => {
  test('--nonblocking on an empty queue: EAGAIN, exit code 1, and no queue is left behind', async () => {
    const place = newPlace()
    const name = newName()
    const run = place.osdemo(['queue', 'receive', '--nonblocking', '--name', name, '--json'])
    expect(await run.exit).toBe(1)
    const events = parseEvents(run.stdout())
    expect(invalidEvents(events)).toEqual([])
    expect(events).toContainEqual(expect.objectContaining({ event: 'removed', kind: 'queue', id: name }))
    expect(events.find(({ event }) => event === 'error')).toMatchObject({
      exit: 1,
      call: 'mq_receive',
      errno: 'EAGAIN',
      message: `the queue ${name} is empty: mq_receive: EAGAIN`,
    })
    expect(depthOf(name)).toBeUndefined()
  })

  test('a text that is too long is refused before any message is sent', async () => {
    const place = newPlace()
    const name = newName()
    const run = await ends(place, ['send', '--name', name, 'short', 'x'.repeat(8193)])
    expect(run.exit).toBe(1)
    expect(run.stderr).toContain(
      `nothing was sent: the text has 8193 bytes, a message in queue ${name} at most 8192`,
    )
    expect(run.stderr).not.toContain('no process had received')
    expectNothingLeft(place)
  })

  test.for([
    [['send', 'x', '--name', 'osdemo'], 'it must begin with a slash'],
    [['receive', '--name', '/a/b'], 'a name without slashes'],
    [['send', 'x', '--priority', '32768'], 'It takes a whole number from 0 to 32767'],
    [['receive', '--max', '0'], 'It takes a whole number of at least 1'],
  ] as const)('queue %j is exit code 2', async ([words, complaint]) => {
    const run = await ends(newPlace(), [...words])
    expect([run.exit, run.stderr]).toEqual([2, expect.stringContaining(complaint)])
  })

  test('a queue of another user: EACCES, and a hint', async (context) => {
    const nobody = asUser(65534, context)
    const place = newPlace()
    const name = newName()
    expect((await ends(place, ['send', '--keep', '--name', name, 'x'])).exit).toBe(0)
    for (const words of [
      ['send', '--name', name, 'y'],
      ['receive', '--name', name],
    ]) {
      const run = await ends(place, words, { ...nobody, env: { XDG_RUNTIME_DIR: '', HOME: '/' } })
      expect([run.exit, run.stderr]).toEqual([
        1,
        expect.stringMatching(/mq_open: EACCES \(permission denied\) .* --name/),
      ])
    }
    expect(depthOf(name)).toBe(1)
  })

  test('another process removes the queue: the receiver reports it, the waiting sender exits with 1', async () => {
    const place = newPlace()
    const name = newName()
    const receiver = place.osdemo(['queue', 'receive', '--name', name])
    await waits(receiver, 'mq_timedreceive')
    unlinkQueue(name)
    await until(() => story(receiver).includes(`removed the queue ${name}`))
    receiver.child.kill('SIGTERM')
    expect(await receiver.exit).toBe(143)

    const sender = place.osdemo(['queue', 'send', '--name', name, 'lost'])
    await until(() => story(sender).includes('Waiting for a receiver'))
    unlinkQueue(name)
    expect(await sender.exit).toBe(1)
    expect(story(sender)).toContain(`another process removed the queue ${name} with 1 message in it`)
    expectNothingLeft(place)
  })

  test.for(['receive', 'send'] as const)(
    'queue %s killed by SIGKILL while it waits leaves no process behind, and clean removes the queue',
    async (command) => {
      const place = newPlace()
      const name = newName()
      const texts = command === 'send' ? Array.from({ length: 11 }, () => 'x') : []
      const run = place.osdemo(['queue', command, '--name', name, '--json', ...texts])
      await until(() => eventsSoFar(run).some(({ event, actor }) => event === 'call' && actor !== 'osdemo'))
      run.child.kill('SIGKILL')
      await run.exit
      await until(() => processesOf(place).length === 0)
      expect(depthOf(name)).toBeGreaterThanOrEqual(0)
      const clean = place.osdemo(['clean'])
      expect(await clean.exit).toBe(0)
      expect(clean.stdout()).toContain(name)
      expect(depthOf(name)).toBeUndefined()
      expectNothingLeft(place)
    },
  )

  test('the receiver is killed while the sender waits for room: another receiver continues', async () => {
    const place = newPlace()
    const name = newName()
    const texts = Array.from({ length: 12 }, (_, index) => `${index}`)
    const receiver = place.osdemo(['queue', 'receive', '--name', name])
    await waits(receiver, 'mq_timedreceive')
    receiver.child.kill('SIGKILL')
    await receiver.exit
    await until(() => processesOf(place).length === 0)
    const sender = place.osdemo(['queue', 'send', '--name', name, ...texts])
    await waits(sender, 'mq_timedsend')
    const second = await ends(place, ['receive', '--name', name, '--max', '12', '--json'])
    expect(second.exit).toBe(0)
    const received = parseEvents(second.stdout).filter(({ event }) => event === 'received')
    expect(received.map((event) => ('text' in event ? event.text : ''))).toEqual(texts)
    expect(received[0]).toMatchObject({ channel: name, seq: 0, bytes: 1, priority: 0 })
    expect(await sender.exit).toBe(0)
    expect(depthOf(name)).toBeUndefined()
    expectNothingLeft(place)
  })
})
