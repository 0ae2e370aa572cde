/** Two processes exchange a question and an answer, first over one FIFO for both directions, then over two. */
import { basename } from 'node:path'
import type { TalkerConfig } from '../../actors/talker.js'
import { type Event, isEndOfFile, now } from '../../events.js'
import { accessMode, fdFlags, openFiles } from '../../proc/fds.js'
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
    'A pipe has one direction and does not record which process wrote what. ' +
      'Watch alice read its own question back.',
    'opening',
  )
  stage.note('First, one FIFO for both directions: alice asks, and bob is to answer.')
  const one = await makePrivateFifo(stage, 'one')
  const both = { to: one, from: one, first: 'to' } as const
  await overOne(stage, await enter(stage, both, both))

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
    'A pipe carries bytes in one direction: the process that reads first gets them. ' +
      'A dialogue needs two pipes, or a socket.',
    'closing',
  )
  stage.note('Next: `osdemo tcp-echo demo` shows a connection that carries both directions.', 'next')
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
