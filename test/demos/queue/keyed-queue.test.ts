/** One System V queue, used by osdemo in several terminals; which process removes it; and errors. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  keepMessageQueue,
  largestType,
  makeMessageQueue,
  removeMessageQueue,
  sendMessage,
  setQueueBytes,
} from '../../../src/ipc/sysv-msg.js'
import { cc, noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { dataFrom } from '../../support/facts.js'
import { newQueueKey, queueWith } from '../../support/message-queues.js'
import {
  asUser,
  expectNothingLeft,
  invalidEvents,
  newPlace,
  parseEvents,
  processesOf,
  temporaryFolder,
} from '../../support/osdemo.js'
import { ends, story, waits } from '../../support/queue-runs.js'
import { until } from '../../support/until.js'

/** The options that choose a queue, and further words. */
const keyed = (key: number, ...more: string[]) => ['--kind', 'sysv', '--key', `${key}`, ...more]

/** A queue that another program has made: it has no mark. @returns its id */
function foreignQueue(key: number, ...messages: [type: number, text: string][]): number {
  // No queue has this key.
  const id = makeMessageQueue(key)!
  keepMessageQueue(id)
  for (const [type, text] of messages) sendMessage(id, { type: BigInt(type), message: Buffer.from(text) })
  return id
}

describe('sender and receiver meet, whichever starts first', () => {
  test('the receiver waits for its type, and the last process removes the queue', async () => {
    const place = newPlace()
    const key = newQueueKey()
    const receiver = place.osdemo(['queue', 'receive', ...keyed(key, '--type', '-5', '--max', '2')])
    const actor = await waits(receiver, 'msgrcv')
    expect(story(receiver)).toContain(
      `Waiting for a message of type 5 or lower. In another terminal: osdemo queue send --kind sysv --key ${key} --type 5 hello`,
    )
    const other = place.osdemo(['queue', 'send', ...keyed(key, '--type', '7', 'seven')])
    await until(() => queueWith(key)?.messages === 1)
    const sender = place.osdemo(['queue', 'send', ...keyed(key, '--type', '5', 'five', '', '--json')])
    expect([await sender.exit, await receiver.exit, receiver.stdout()]).toEqual([0, 0, 'five\n\n'])
    const sent = parseEvents(sender.stdout()).filter(({ event }) => event === 'sent')
    expect(invalidEvents(parseEvents(sender.stdout()))).toEqual([])
    expect(sent).toMatchObject([
      { channel: `${key}`, seq: 0, bytes: 4, type: 5, text: 'five' },
      { channel: `${key}`, seq: 1, bytes: 0, type: 5 },
    ])
    // The sender of type 7 still needs the queue, which osdemo would otherwise have removed.
    expect(queueWith(key)).toMatchObject({ messages: 1, lastReceiver: actor })
    expect(processesOf(place)).toContain(other.pid)
    const last = await ends(place, ['receive', ...keyed(key, '--nonblocking')])
    expect([last.exit, last.stdout, await other.exit]).toEqual([0, 'seven\n', 0])
    expect(story(other)).toContain(
      `Waiting for a receiver. In another terminal: osdemo queue receive --kind sysv --key ${key}`,
    )
    expect(queueWith(key)).toBeUndefined()
    expectNothingLeft(place)
  })

  test('a sender blocks at msg_qbytes, and 3,000 lines arrive in order and unchanged', async () => {
    const place = newPlace()
    const key = newQueueKey()
    const sender = place.sh(`seq 3000 | osdemo queue send ${keyed(key).join(' ')}`)
    const receiver = place.osdemo(['queue', 'receive', ...keyed(key, '--max', '3000', '--quiet')])
    const small = newQueueKey()
    const id = foreignQueue(small)
    setQueueBytes(id, 3)
    const blocked = place.osdemo(['queue', 'send', ...keyed(small, 'a', 'b', 'c', 'd')])
    await waits(blocked, 'msgsnd')
    await until(() => story(blocked).includes('The queue is full: waiting for room.'))
    expect(queueWith(small)).toMatchObject({ bytes: 3, messages: 3 })
    const refused = await ends(place, ['send', ...keyed(small, '--nonblocking', 'e')])
    expect(refused).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining(
        `the queue ${id} (key ${small}) is full, with 3 messages, 3 of 3 bytes: msgsnd: EAGAIN`,
      ),
    })
    const rest = await ends(place, ['receive', ...keyed(small, '--max', '4')])
    expect([rest.stdout, await blocked.exit]).toEqual(['a\nb\nc\nd\n', 0])
    expect([await receiver.exit, await sender.exit]).toEqual([0, 0])
    const lines = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`)
    expect(receiver.stdout()).toBe(lines.join(''))
    expectNothingLeft(place)
  })

  test('types of 64 bits stay exact, and a receiver says which type it waits for', async () => {
    const place = newPlace()
    const key = newQueueKey()
    const [largest, lower] = [`${largestType}`, `${largestType - 1n}`]
    const kept = await ends(place, ['send', ...keyed(key, '--keep', '--type', largest, 'large')])
    expect(kept.exit).toBe(0)
    const run = place.osdemo(['queue', 'receive', ...keyed(key, '--type', lower, '--json')])
    await waits(run, 'msgrcv')
    await until(() => story(run) !== '' || run.stdout().includes(`Waiting for a message of type ${lower}.`))
    const received = place.osdemo(['queue', 'receive', ...keyed(key, '--max', '1', '--json')])
    expect(await received.exit).toBe(0)
    const events = parseEvents(received.stdout())
    expect(invalidEvents(events)).toEqual([])
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'received', text: 'large', type: largest }),
    )
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
    // A user has asked to keep it.
    expect(queueWith(key)).toMatchObject({ messages: 0, mode: 0o600 })
  })
})

describe.skipIf(noCompiler)(`a C program${whyNoCompiler}`, () => {
  const source = `
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/msg.h>
    struct { long type; char text[100]; } message;
    int main(int argc, char **argv) {
      int id = msgget(atoi(argv[1]), argc > 3 ? 0600 | IPC_CREAT : 0600);
      if (id == -1) return perror("msgget"), 1;
      message.type = atol(argv[2]);
      if (argc > 3) {
        strcpy(message.text, argv[3]);
        return msgsnd(id, &message, strlen(message.text), 0) == -1 ? perror("msgsnd"), 1 : 0;
      }
      ssize_t length = msgrcv(id, &message, 100, message.type, 0);
      if (length == -1) return perror("msgrcv"), 1;
      return printf("%ld %zd %.*s\\n", message.type, length, (int)length, message.text), 0;
    }`

  test('exchanges messages with both under one key, and the kernel lists both processes', async () => {
    const place = newPlace()
    const [key, other] = [newQueueKey(), newQueueKey()]
    const program = join(temporaryFolder(), 'mq')
    writeFileSync(`${program}.c`, source)
    execFileSync(cc, ['-o', program, `${program}.c`])
    const run = promisify(execFile)

    // osdemo creates the queue, and C sends.
    const receiver = place.osdemo(['queue', 'receive', ...keyed(key, '--type', '-3', '--max', '1')])
    await waits(receiver, 'msgrcv')
    await run(program, [`${key}`, '3', 'from C: größer'])
    expect([await receiver.exit, receiver.stdout()]).toEqual([0, 'from C: größer\n'])
    expect(queueWith(key)).toBeUndefined()

    // osdemo sends what C waits for, in a queue that C created; the queue stays.
    await run(program, [`${other}`, '1', 'first'])
    const waiting = execFile(program, [`${other}`, '-8'])
    const answer = run(program, [`${other}`, '7'])
    waiting.unref()
    await once(waiting, 'exit')
    const sender = await ends(place, ['send', ...keyed(other, '--type', '7', 'wörld')])
    expect([sender.exit, (await answer).stdout]).toEqual([0, '7 6 wörld\n'])
    const { lastSender, lastReceiver, messages } = queueWith(other)!
    expect([messages, lastSender > 0, lastReceiver > 0]).toEqual([0, true, true])
    expectNothingLeft(place)
  })
})

describe('queue list and queue remove', () => {
  test('list agrees with ipcs, clean names a kept queue, and remove removes it with its record', async () => {
    const place = newPlace()
    const key = newQueueKey()
    await ends(place, ['send', ...keyed(key, '--keep', 'one', 'two')])
    const queue = queueWith(key)!
    const list = place.osdemo(['queue', 'list', '--json'])
    expect(await list.exit).toBe(0)
    expect(invalidEvents(parseEvents(list.stdout()))).toEqual([])
    expect(dataFrom(parseEvents(list.stdout()), '/proc/sysvipc/msg')).toContainEqual({ ...queue, ours: true })
    const table = (await ends(place, ['list'])).stdout
    expect(table).toMatch(
      new RegExp(`^KEY .*\\n(.*\\n)*${key} +${queue.id} .* 600 +2 +6 .* by osdemo\\n`, 'm'),
    )
    const { status, stdout } = spawnSync('ipcs', ['-q'], { encoding: 'utf8' })
    const line = stdout.split('\n').find((text) => text.includes(` ${queue.id} `))
    if (status === 0) expect(line?.trim().split(/\s+/).slice(3)).toEqual(['600', '6', '2'])
    const clean = place.osdemo(['clean'])
    expect([await clean.exit, queueWith(key)?.messages]).toEqual([0, 2])
    expect(clean.stdout()).toContain(`osdemo queue remove --kind sysv --key ${key}`)
    const removed = await ends(place, ['remove', ...keyed(key)])
    expect(removed).toMatchObject({ exit: 0, stdout: '' })
    expect(removed.stderr).toContain(`Removed queue ${key} with 2 messages`)
    expect(queueWith(key)).toBeUndefined()
    expect(await ends(place, ['remove', ...keyed(key)])).toMatchObject({ exit: 1 })
    expectNothingLeft(place)
  })

  test('a queue of another program is used, and stays', async () => {
    const place = newPlace()
    const key = newQueueKey()
    foreignQueue(key)
    const sent = await ends(place, ['send', ...keyed(key, 'x')])
    expect([sent.exit, sent.stderr]).toEqual([0, expect.stringContaining('now holds 1 message.')])
    const received = await ends(place, ['receive', ...keyed(key, '--max', '1')])
    expect([received.stdout, queueWith(key)?.messages]).toEqual(['x\n', 0])
    expectNothingLeft(place)
  })
})

describe('errors', () => {
  test.for([
    [['send', 'x', '--key', '7'], 'add --kind sysv'],
    [['receive', '--key', '7'], 'add --kind sysv'],
    [['remove', '--key', '7'], 'add --kind sysv'],
    [['send', 'x', '--type', '7'], 'add --kind sysv'],
    [['receive', '--type', '7'], 'add --kind sysv'],
    [['send', 'x', '--kind', 'sysv', '--name', '/a'], '--key 70002'],
    [['receive', '--kind', 'sysv', '--name', '/a'], '--key 70002'],
    [['send', 'x', '--kind', 'sysv', '--priority', '1'], '--type 3'],
    [['send', 'x', '--kind', 'sysv', '--type', '0'], 'from 1 to 9223372036854775807'],
    [['send', 'x', '--kind', 'sysv', '--type', '9223372036854775808'], 'from 1 to 9223372036854775807'],
    [['send', 'x', '--kind', 'sysv', '--type', '-1'], 'from 1 to 9223372036854775807'],
    [['receive', '--kind', 'sysv', '--type', '-9223372036854775808'], 'up to 9223372036854775807'],
    [['send', 'x', '--kind', 'sysv', '--key', '4294967296'], 'a 32-bit key other than 0'],
    [['send', 'x', '--kind', 'sysv', '--key', '0'], 'a 32-bit key other than 0'],
    [['send', 'x', '--kind', 'mach'], 'posix, sysv'],
  ] as const)('queue %j is exit code 2', async ([words, complaint]) => {
    const run = await ends(newPlace(), [...words])
    expect([run.exit, run.stderr]).toEqual([2, expect.stringContaining(complaint)])
  })

  test('a text that can never fit is refused before any message is sent', async () => {
    const place = newPlace()
    const [key, small] = [newQueueKey(), newQueueKey()]
    setQueueBytes(foreignQueue(small), 4)
    const [long, never] = await Promise.all([
      ends(place, ['send', ...keyed(key, 'short', 'x'.repeat(8193))]),
      ends(place, ['send', ...keyed(small, 'shor', 'short')]),
    ])
    expect([long.exit, never.exit, queueWith(small)?.messages]).toEqual([1, 1, 0])
    expect(long.stderr).toContain(`the text has 8193 bytes, a message in queue ${key} at most 8192`)
    expect(never.stderr).toContain(`the text has 5 bytes, a message in queue ${small} at most 4`)
    expectNothingLeft(place)
  })

  test('--nonblocking without a message of the type: ENOMSG, exit code 1, and the others stay', async () => {
    const place = newPlace()
    const key = newQueueKey()
    const id = foreignQueue(key, [1, 'one'], [3, 'three'])
    const run = place.osdemo(['queue', 'receive', ...keyed(key, '--type', '2', '--nonblocking', '--json')])
    expect(await run.exit).toBe(1)
    expect(parseEvents(run.stdout()).at(-1)).toMatchObject({
      event: 'error',
      call: 'msgrcv',
      errno: 'ENOMSG',
      message: `queue ${id} (key ${key}) has no message of type 2: msgrcv: ENOMSG`,
    })
    expect(queueWith(key)?.messages).toBe(2)
  })

  test('a queue of another user: EACCES, and a hint; it stays', async (context) => {
    const nobody = asUser(65534, context)
    const place = newPlace()
    const key = newQueueKey()
    expect((await ends(place, ['send', ...keyed(key, '--keep', 'x')])).exit).toBe(0)
    const theirs = newPlace()
    chmodSync(theirs.folder, 0o777)
    const commands = [['send', 'y'], ['receive'], ['remove']]
    const runs = commands.map(([command = '', ...more]) =>
      ends(theirs, [command, ...keyed(key, ...more)], { ...nobody, env: { HOME: '/' } }),
    )
    const [send, receive, remove] = await Promise.all(runs)
    for (const run of [send, receive])
      expect([run?.exit, run?.stderr]).toEqual([1, expect.stringMatching(/msgget: EACCES .* --key/)])
    expect([remove?.exit, remove?.stderr]).toEqual([1, expect.stringMatching(/msgctl: EPERM .* owner/)])
    expect(queueWith(key)?.messages).toBe(1)
  })

  test('another process removes the queue: whoever waits gets EIDRM, and exits with 1', async () => {
    const place = newPlace()
    const [key, other] = [newQueueKey(), newQueueKey()]
    const receiver = place.osdemo(['queue', 'receive', ...keyed(key)])
    const sender = place.osdemo(['queue', 'send', ...keyed(other, 'lost')])
    await waits(receiver, 'msgrcv')
    await until(() => story(sender).includes('Waiting for a receiver'))
    for (const one of [key, other]) removeMessageQueue(queueWith(one)!.id)
    expect([await receiver.exit, await sender.exit]).toEqual([1, 1])
    expect(story(receiver)).toMatch(/msgrcv: EIDRM .*removed it/)
    expect(story(sender)).toContain(`another process removed the queue ${other} with 1 message in it`)
    expectNothingLeft(place)
  })

  test('killed by SIGKILL while they wait, they leave no process behind, and clean removes the queues', async () => {
    const place = newPlace()
    const [key, other] = [newQueueKey(), newQueueKey()]
    const runs = [
      place.osdemo(['queue', 'receive', ...keyed(key)]),
      place.osdemo(['queue', 'send', ...keyed(other, 'x')]),
    ] as const
    await waits(runs[0], 'msgrcv')
    await until(() => queueWith(other)?.messages === 1)
    for (const run of runs) run.child.kill('SIGKILL')
    await Promise.all(runs.map((run) => run.exit))
    await until(() => processesOf(place).length === 0)
    expect([queueWith(key)?.messages, queueWith(other)?.messages]).toEqual([0, 1])
    const clean = place.osdemo(['clean', '--json'])
    expect(await clean.exit).toBe(0)
    const removed = parseEvents(clean.stdout()).flatMap((event) =>
      event.event === 'removed' ? event.id : [],
    )
    expect(removed.sort()).toEqual([`${key}`, `${other}`].sort())
    expect([queueWith(key), queueWith(other)]).toEqual([undefined, undefined])
    expectNothingLeft(place)
  })
})
