/**
 * Peers of osdemo in ten languages: each program speaks with each tool, in both directions. test/peers has the programs. A
 * language that is not installed is skipped.
 */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeFifo } from '../support/children.js'
import { newPlace, outcome, type Place, type Run } from '../support/osdemo.js'
import { buildFolder, compile, reasonToSkip, startPeer } from '../support/peers.js'
import { isThere } from '../support/queues.js'
import { newKey, newName, stateOf } from '../support/semaphores.js'
import { until } from '../support/until.js'

const built = buildFolder()

interface Language {
  name: string
  /** A command that succeeds where the language is installed. */
  check: string[]
  build?: string[]
  /** The program, which gets its role and what the role needs. */
  run: string[]
  mechanisms: (keyof typeof mechanisms)[]
}

const program = (name: string) => join(built, name)

const languages: Language[] = [
  {
    name: 'C',
    check: ['cc', '--version'],
    build: ['cc', '-Wall', '-Wextra', '-Werror', '-o', program('c'), 'test/peers/peer.c', '-lrt', '-pthread'],
    run: [program('c')],
    mechanisms: ['echo', 'fifo', 'segment', 'object', 'queue', 'semaphore'],
  },
  {
    name: 'Rust',
    check: ['rustc', '--version'],
    build: ['rustc', '--edition', '2021', '-D', 'warnings', '-o', program('rust'), 'test/peers/peer.rs'],
    run: [program('rust')],
    mechanisms: ['echo', 'fifo', 'segment', 'queue'],
  },
  {
    name: 'Python',
    check: ['python3', '--version'],
    run: ['python3', 'test/peers/peer.py'],
    mechanisms: ['echo', 'fifo', 'segment', 'object', 'queue'],
  },
  {
    name: 'Perl',
    check: ['perl', '-MIO::Socket::INET', '-e', '1'],
    run: ['perl', 'test/peers/peer.pl'],
    mechanisms: ['echo', 'fifo', 'segment'],
  },
  {
    name: 'Go',
    check: ['go', 'version'],
    build: ['go', 'build', '-o', program('go'), 'test/peers/peer.go'],
    run: [program('go')],
    mechanisms: ['echo'],
  },
  {
    name: 'Java',
    check: ['javac', '--version'],
    build: ['javac', '-Xlint', '-Werror', '-d', built, 'test/peers/Peer.java'],
    run: ['java', '-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', built, 'Peer'],
    mechanisms: ['echo', 'fifo'],
  },
  {
    name: 'Erlang',
    check: ['erl', '-noshell', '-eval', 'halt().'],
    build: ['erlc', '-Werror', '-o', built, 'test/peers/echo_peer.erl'],
    run: [
      'erl',
      '-noshell',
      '-pa',
      built,
      '-eval',
      'echo_peer:main(init:get_plain_arguments()), halt().',
      '-extra',
    ],
    mechanisms: ['echo'],
  },
  {
    name: 'Ruby',
    check: ['ruby', '--version'],
    run: ['ruby', 'test/peers/peer.rb'],
    mechanisms: ['echo', 'fifo'],
  },
  {
    name: 'PHP',
    check: ['php', '--version'],
    run: ['php', 'test/peers/peer.php'],
    mechanisms: ['echo', 'fifo'],
  },
  {
    name: 'Lua',
    check: ['lua5.4', '-e', 'require("socket")'],
    run: ['lua5.4', 'test/peers/peer.lua'],
    mechanisms: ['echo', 'fifo'],
  },
]

/** Starts a peer in a role. */
type Start = (role: string, ...words: (string | number)[]) => Run

/** The longest has to be read in several parts. */
const bodies = ['hello', '', 'wörld', 'x'.repeat(70_000)]

const lines = ['Message 0', 'Message 1', 'wörld']

/** What a run prints when it succeeds. */
const success = (...printed: string[]) => ({
  exit: 0,
  stdout: printed.map((line) => `${line}\n`).join(''),
  stderr: '',
})

const mechanisms = {
  async echo(place: Place, start: Start) {
    const server = start('echo-server')
    const port = await until(() => /^(\d+)\n/.exec(server.stdout())?.[1])
    const ours = place.osdemo(['tcp-echo', '--port', '0', '--quiet'])
    const ourPort = await until(() => /^listening on \S+:(\d+)\n/.exec(ours.stdout())?.[1])
    // Pieces of 3 bytes cut every header.
    const client = place.osdemo([
      'tcp-echo',
      'client',
      '--port',
      port,
      '--chunk',
      '3',
      '--size',
      '3000',
      ...bodies.slice(0, 3),
    ])
    const peer = start('echo-client', ourPort, ...bodies)
    const made = 'abcdefghijklmnopqrstuvwxyz'.repeat(116).slice(0, 3000)
    expect(await outcome(client)).toEqual(success(...bodies.slice(0, 3), made))
    expect(await outcome(peer)).toEqual(success(...bodies))
  },

  async fifo(place: Place, start: Start) {
    const [there, back] = [makeFifo(), makeFifo()]
    const reader = start('fifo-read', there)
    const writer = start('fifo-write', back, ...lines)
    const runs = [
      place.osdemo(['pipe', 'write', '--path', there, '--quiet', ...lines]),
      place.osdemo(['pipe', 'read', '--path', back, '--quiet']),
    ]
    expect(await outcome(reader)).toEqual(success(...lines))
    expect(await outcome(runs[1]!)).toEqual(success(...lines))
    expect([await outcome(runs[0]!), await outcome(writer)]).toEqual([success(), success()])
  },

  // Each worker process of the tests has keys and names of its own.
  segment(place: Place, start: Start) {
    const key = `${200_000_000 + process.pid}`
    onTestFinished(() => void execFileSync('sh', ['-c', `ipcrm -M ${key} 2>/dev/null || true`]))
    return shareText(place, start, { option: '--key', value: key, role: 'segment' })
  },

  object(place: Place, start: Start) {
    const name = `/osdemo-peer-${process.pid}`
    onTestFinished(() => rmSync(`/dev/shm${name}`, { force: true }))
    return shareText(place, start, { option: '--name', value: name, role: 'object' })
  },

  async queue(place: Place, start: Start) {
    const name = `/osdemo-peer-${process.pid}`
    const receiver = place.osdemo(['queue', 'receive', '--name', name, '--max', '3', '--quiet'])
    await until(() => isThere(name))
    expect(await outcome(start('queue-send', name, ...lines))).toEqual(success())
    expect(await outcome(receiver)).toEqual(success(...lines))
    await until(() => !isThere(name))
    const sender = place.osdemo(['queue', 'send', '--name', name, '--quiet', ...lines])
    await until(() => isThere(name))
    expect(await outcome(start('queue-receive', name, 3))).toEqual(success(...lines))
    expect(await outcome(sender)).toMatchObject({ exit: 0 })
  },

  async semaphore(place: Place, start: Start) {
    const meet = async (which: string | number, option: string) => {
      const osdemo = (command: string) => place.osdemo(['semaphore', command, option, `${which}`, '--quiet'])
      const waiter = osdemo('wait')
      await until(() => stateOf(which)?.waiting === 1)
      expect(await outcome(start('semaphore', which, 3))).toMatchObject({ exit: 0, stderr: '' })
      expect(await outcome(waiter)).toEqual(success())
      expect(await outcome(start('semaphore', which, -2))).toEqual(success('0'))
      const peer = start('semaphore', which, -1)
      expect(await outcome(osdemo('post'))).toEqual(success())
      expect(await outcome(peer)).toEqual(success('0'))
      expect(await outcome(osdemo('remove'))).toEqual(success())
      // The other one makes it.
      expect(await outcome(start('semaphore', which, 1))).toEqual(success('1'))
      expect(await outcome(osdemo('wait'))).toEqual(success())
      expect(await outcome(osdemo('remove'))).toEqual(success())
    }
    await Promise.all([meet(newKey(), '--key'), meet(newName(), '--name')])
  },
}

/** Passes a text through shared memory in both directions. The peer creates it. */
async function shareText(
  place: Place,
  start: Start,
  { option, value, role }: { option: string; value: string; role: 'segment' | 'object' },
): Promise<void> {
  const osdemo = (...words: string[]) => outcome(place.osdemo(['shm', ...words, option, value, '--quiet']))
  expect(await outcome(start(`${role}-write`, value, 'from the peer: wörld'))).toEqual(success())
  expect(await osdemo('read')).toEqual(success('from the peer: wörld'))
  expect(await osdemo('write', 'from osdemo: wörld')).toMatchObject({ exit: 0 })
  expect(await outcome(start(`${role}-read`, value))).toEqual(success('from osdemo: wörld'))
  expect(await osdemo('remove')).toMatchObject({ exit: 0 })
}

describe.runIf(process.platform === 'linux')('peers', () => {
  for (const { name, check, build, run, mechanisms: speaks } of languages) {
    const reason = reasonToSkip(check)
    test.skipIf(reason !== '')(`${name} speaks with osdemo by ${speaks.join(', ')}${reason}`, async () => {
      if (build) compile(build)
      const place = newPlace()
      const start: Start = (...words) => startPeer(place, [...run, ...words.map(String)])
      await Promise.all(speaks.map((mechanism) => mechanisms[mechanism](place, start)))
    })
  }
})
