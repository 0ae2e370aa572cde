/** Two processes exchange a question and an answer: in turns over one FIFO, then without turns, then over two FIFOs. */
import { realpathSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { TalkerConfig } from '../../actors/talker.js'
import type { TurnTakerConfig } from '../../actors/turn-taker.js'
import { type Data, type Event, isEndOfFile, now } from '../../events.js'
import { accessMode, fdFlags, holders, openFiles } from '../../proc/fds.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { isBlockedIn, seeWait } from '../shared/claim-waiting.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'

const question = 'what is 6 times 7?'
const answer = '42'

/** How long bob may take to get end of file, in milliseconds. It is long, because the claim must hold on a busy machine too. */
const endPatience = 20_000

/** A client and a server. */
interface Pair {
  alice: ActorOf<'talker'>
  bob: ActorOf<'talker'>
}

export const pipeHalfDuplex: Demo = async (stage) => {
  requireProc('pipe half-duplex')
  stage.note(
    'A FIFO carries both directions, but only one at a time: it is half-duplex. ' +
      'Watch a dialogue in turns, and then alice read its own question back.',
    'opening',
  )
  const one = await makePrivateFifo(stage, 'one')
  await inTurns(stage, one)
  await overOne(stage, await enterBoth(stage, one))

  stage.note('Now the same dialogue with one FIFO for each direction.')
  const there = await makePrivateFifo(stage, 'there')
  const back = await makePrivateFifo(stage, 'back')
  const pair = await enter(
    stage,
    { to: there, from: back, first: 'to' },
    { to: back, from: there, first: 'from' },
  )
  await showEnds(stage, pair, [there, back])
  await overTwo(stage, pair)
  stage.note(
    'Over one FIFO, processes must take turns: the process that reads first gets the bytes. ' +
      'A dialogue without turns needs two pipes, or a socket.',
    'closing',
  )
  stage.note('Next: `osdemo tcp-echo demo` shows a connection that carries both directions.', 'next')
}

/** Each side writes and closes, then reads to end of file and closes: open(2) and end of file pass the turn. */
async function inTurns(stage: Stage, path: string): Promise<void> {
  const rounds = 2
  stage.note(
    'First in turns. Each side opens the FIFO for one direction, closes it, and opens it for the other.',
  )
  const side = (name: string, text: string, begins: boolean) => {
    const config: TurnTakerConfig = { path, texts: new Array(rounds).fill(text), begins }
    return stage.start({ program: 'turn-taker', name, config })
  }
  const sides = await Promise.all([side('alice', question, true), side('bob', answer, false)])
  let running: number = sides.length
  for (const { exited } of sides) void exited.then(() => running--)
  // Another process may have written to the FIFO, or keep it open, so that no end of file comes.
  const isWrong = () => sides.some(({ events, name }) => heard(events).some((text) => text !== saidTo(name)))
  await stage.poll(() => running === 0 || isWrong(), endPatience)
  for (const each of sides) each.kill()
  await Promise.all(sides.map(({ exited }) => exited))
  const [alice, bob] = sides.map(({ events }) => events)
  const arrived = sides.flatMap(({ events }) => heard(events)).length
  stage.claim(
    'pipe/turns-carry-both-directions',
    `A FIFO carries both directions in turns: over one FIFO, ${arrived} of ${2 * rounds} questions and answers arrived.`,
    arrived === 2 * rounds && !isWrong(),
  )
  const turns = [...writeTurns(alice ?? []), ...writeTurns(bob ?? [])].sort((a, b) => a.from - b.from)
  const alone = turns.filter(({ from }, index) => (turns[index - 1]?.to ?? 0) < from)
  stage.claim(
    'pipe/half-duplex-one-writer-at-a-time',
    `Half-duplex means one direction at a time: in ${alone.length} of ${2 * rounds} turns only one side had the write end.`,
    alone.length === 2 * rounds && !isWrong(),
  )
}

/** What the other side says. */
function saidTo(name: string): string {
  return name === 'alice' ? answer : question
}

function heard(events: readonly Event[]): (string | undefined)[] {
  return events.flatMap((event) => (event.event === 'received' ? [event.text] : []))
}

/** When a side had the write end open, in microseconds: from the evidence of its access mode to the begin of close(2). */
function writeTurns(events: readonly Event[]): { from: number; to: number }[] {
  const turns: { from: number; to: number }[] = []
  let from: number | undefined
  for (const event of events) {
    if (event.event === 'evidence' && isWriteOnly(event.data)) from = event.t
    if (event.event !== 'call' || event.call !== 'close' || from === undefined) continue
    turns.push({ from, to: event.t })
    from = undefined
  }
  return turns
}

function isWriteOnly(data: Data | undefined): boolean {
  return typeof data === 'object' && 'access' in data && data.access === 'O_WRONLY'
}

/** Both sides open one FIFO for both directions. Alice does it alone. */
async function enterBoth(stage: Stage, path: string): Promise<Pair> {
  stage.note(
    'Now without turns: both open the FIFO for reading and writing. Alice asks, and bob is to answer.',
  )
  const config = { to: path, from: path, first: 'to' } as const
  const alice = await stage.start({ program: 'talker', name: 'alice', config })
  const { result: fd = -1 } = await alice.until(
    'call',
    ({ call, phase }) => call === 'open' && phase === 'end',
  )
  const flags = fdFlags(alice.id, fd)?.flags ?? Number.NaN
  const access = accessMode(flags) ?? ''
  const gloss = `${access}: POSIX does not define this for a FIFO, fifo(7)`
  const source = `/proc/${alice.id}/fdinfo/${fd}`
  stage.evidence(source, `flags: 0${flags.toString(8)}`, gloss, { data: { access } })
  const others = holders(realpathSync(path), statSync(path).ino).filter(({ pid }) => pid !== alice.id)
  stage.claim(
    'fifo/read-write-open-needs-no-other-end',
    'On Linux, open(2) with O_RDWR waits for no other end: alice has opened the FIFO alone.',
    access === 'O_RDWR' && others.length === 0,
  )
  return { alice, bob: await stage.start({ program: 'talker', name: 'bob', config }) }
}

async function enter(stage: Stage, aliceConfig: TalkerConfig, bobConfig: TalkerConfig): Promise<Pair> {
  const [alice, bob] = await Promise.all([
    stage.start({ program: 'talker', name: 'alice', config: aliceConfig }),
    stage.start({ program: 'talker', name: 'bob', config: bobConfig }),
  ])
  return { alice, bob }
}

/** Has an actor write a text, and waits until it has done so. */
async function speak(actor: ActorOf<'talker'>, text: string): Promise<void> {
  const begin = now()
  actor.tell(`say ${text}`)
  await actor.until('sent', ({ t }) => t >= begin)
}

/** One read(2) of an actor. */
interface Listening {
  /** Waits for the text. */
  text(): Promise<string>
  hasReturned(): boolean
}

/** Has an actor read once. */
function listen(actor: ActorOf<'talker'>): Listening {
  const begin = now()
  actor.tell('listen')
  const isResult = (event: Event) => event.t >= begin && (event.event === 'received' || isEndOfFile(event))
  return {
    text: async () => (await actor.until('received', isResult)).text ?? '',
    hasReturned: () => actor.events.some(isResult),
  }
}

async function overOne(stage: Stage, { alice, bob }: Pair): Promise<void> {
  await speak(alice, question)
  const own = await listen(alice).text()
  stage.claim(
    'pipe/writer-may-read-its-own-message',
    'A process that reads the pipe it writes to may read its own message: alice got its own question.',
    own === question,
  )

  const heard = listen(bob)
  await seeReader(stage, bob, heard, 'A reader blocks while the pipe is empty: bob is blocked in read(2).')
  await speak(alice, question)
  const asked = await heard.text()
  await speak(bob, answer)
  const next = await listen(bob).text()
  stage.claim(
    'pipe/writer-may-read-its-own-message',
    'A pipe gives its bytes to the first reader: bob read its own answer before alice could.',
    asked === question && next === answer,
  )
  await seeReader(
    stage,
    alice,
    listen(alice),
    'A reader blocks while the pipe is empty: alice is blocked in read(2).',
  )
  stage.note(
    'Both processes also have the write end open, so neither ever gets end of file. ' +
      'They would wait forever, so the supervisor kills them.',
    'aside',
  )
  alice.kill()
  bob.kill()
  await Promise.all([alice.ended, bob.ended])
}

function seeReader(stage: Stage, { id }: Actor, { hasReturned }: Listening, claim: string): Promise<void> {
  return seeWait(stage, { pid: id, calls: ['read'], hasReturned, id: 'pipe/reader-blocks-when-empty', claim })
}

/** The same dialogue as in `overOne`. */
async function overTwo(stage: Stage, { alice, bob }: Pair): Promise<void> {
  const rounds = 2
  let right = 0
  for (let round = 0; round < rounds; round++) {
    await speak(alice, question)
    const answered = listen(alice)
    const asked = await listen(bob).text()
    await speak(bob, answer)
    if (asked === question && (await answered.text()) === answer) right++
  }
  stage.claim(
    'pipe/two-pipes-carry-two-directions',
    `Two pipes carry two directions: bob got ${right} of ${rounds} questions, and alice the answers.`,
    right === rounds,
  )
  const last = listen(bob)
  alice.tell('end')
  await alice.ended
  // A reader that is still blocked now has another writer: the exit of the last one would have woken it up.
  await stage.poll(() => last.hasReturned() || isBlockedIn(bob.id, 'read'), endPatience)
  const end = bob.events.some(isEndOfFile)
  stage.claim(
    'pipe/end-of-file-after-last-writer',
    "End of file comes when the last writer closes: alice exited, and bob's read(2) returned 0.",
    end,
  )
  if (end) bob.tell('end')
  else bob.kill()
  await bob.ended
}

/** Shows which ends each process has open, from /proc. @param paths of the two FIFOs */
async function showEnds(stage: Stage, { alice, bob }: Pair, paths: string[]): Promise<void> {
  for (const actor of [alice, bob]) {
    let opened = 0
    await actor.until(
      'call',
      ({ call, phase }) => call === 'open' && phase === 'end' && ++opened === paths.length,
    )
    const ends = openFiles(actor.id).flatMap(({ fd, target }) => {
      const info = fdFlags(actor.id, fd)
      // An actor takes a descriptor with O_PATH before it opens a FIFO. That one may still be open, and has no access mode.
      const access = info && accessMode(info.flags)
      return paths.includes(target) && access ? [{ fifo: basename(target), access }] : []
    })
    const words = ends.map(({ fifo, access }) => `${fifo} ${access}`).join(', ')
    stage.evidence(`/proc/${actor.id}/fd`, words, `the ends that ${actor.name} has open`, { data: ends })
  }
}
