/** Two processes try a question and an answer, first over one FIFO for both directions, then over two. */
import { basename } from 'node:path'
import type { TalkerConfig } from '../../actors/talker.js'
import { isEndOfFile, now } from '../../events.js'
import { accessMode, fdFlags, openFiles } from '../../proc/fds.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'

const question = 'what is 6 times 7?'
const answer = '42'

/** How long bob may take to see the end of file, in milliseconds: much, for the claim must not depend on how busy the machine is. */
const endPatience = 20_000

/** A client and a server. */
interface Pair {
  alice: ActorOf<'talker'>
  bob: ActorOf<'talker'>
}

export const pipeHalfDuplex: Demo = async (stage) => {
  requireProc('pipe half-duplex')
  stage.note('first, one FIFO for both directions: alice asks, bob is to answer', 'opening')
  const one = await makePrivateFifo(stage, 'one')
  const both = { to: one, from: one, first: 'to' } as const
  await overOne(stage, await enter(stage, both, both))

  stage.note('now the same with a FIFO for each direction')
  const there = await makePrivateFifo(stage, 'there')
  const back = await makePrivateFifo(stage, 'back')
  const pair = await enter(
    stage,
    { to: there, from: back, first: 'to' },
    { to: back, from: there, first: 'from' },
  )
  await showEnds(stage, pair, [there, back])
  await overTwo(stage, pair)
}

async function enter(stage: Stage, aliceConfig: TalkerConfig, bobConfig: TalkerConfig): Promise<Pair> {
  const [alice, bob] = await Promise.all([
    stage.start({ program: 'talker', name: 'alice', config: aliceConfig }),
    stage.start({ program: 'talker', name: 'bob', config: bobConfig }),
  ])
  return { alice, bob }
}

/** Has an actor say something, and waits until it has. */
async function speak(actor: ActorOf<'talker'>, text: string): Promise<void> {
  const begin = now()
  actor.tell(`say ${text}`)
  await actor.until('sent', ({ t }) => t >= begin)
}

/** Has an actor read; what it returns waits for what comes. */
function listen(actor: ActorOf<'talker'>): () => Promise<string> {
  const begin = now()
  actor.tell('listen')
  return async () => (await actor.until('received', ({ t }) => t >= begin)).text ?? ''
}

async function overOne(stage: Stage, { alice, bob }: Pair): Promise<void> {
  await speak(alice, question)
  const own = await listen(alice)()
  stage.claim(
    'pipe/writer-may-read-its-own-message',
    'alice reads for the answer, and gets her own question back',
    own === question,
  )

  const heard = listen(bob)
  await seeReader(stage, bob, 'bob waits in read(2) for a question that is gone')
  await speak(alice, question)
  const asked = await heard()
  await speak(bob, answer)
  const next = await listen(bob)()
  stage.claim(
    'pipe/writer-may-read-its-own-message',
    'asked again, bob answers, reads for the next question, and gets his own answer',
    asked === question && next === answer,
  )
  listen(alice)
  await seeReader(stage, alice, 'alice waits in read(2) for an answer that bob has taken himself')
  stage.note(
    'A pipe keeps no account of who wrote what: whoever reads first gets it. And since both hold it open for writing, ' +
      'the end of file never comes. They would wait for ever, and are killed.',
    'aside',
  )
  alice.kill()
  bob.kill()
  await Promise.all([alice.ended, bob.ended])
}

function seeReader(stage: Stage, { id }: Actor, claim: string): Promise<void> {
  return seeWait(stage, { pid: id, calls: ['read'], id: 'pipe/reader-blocks-when-empty', claim })
}

/** The same steps as over one. */
async function overTwo(stage: Stage, { alice, bob }: Pair): Promise<void> {
  const rounds = 2
  let right = 0
  for (let round = 0; round < rounds; round++) {
    await speak(alice, question)
    const answered = listen(alice)
    const asked = await listen(bob)()
    await speak(bob, answer)
    if (asked === question && (await answered()) === answer) right++
  }
  stage.claim(
    'pipe/two-pipes-carry-two-directions',
    `the same steps over two FIFOs: ${right} of ${rounds} questions reached bob, and his answers alice`,
    right === rounds,
  )
  listen(bob)
  alice.tell('end')
  await alice.ended
  const end = await stage.poll(() => bob.events.some(isEndOfFile), endPatience)
  stage.claim(
    'pipe/end-of-file-after-last-writer',
    'alice ends, and bob sees the end of file: nobody else could write to him',
    end === true,
  )
  bob.tell('end')
  await bob.ended
}

/** What each holds open, as the kernel shows it. @param paths of the two FIFOs */
async function showEnds(stage: Stage, { alice, bob }: Pair, paths: string[]): Promise<void> {
  for (const actor of [alice, bob]) {
    let opened = 0
    await actor.until(
      'call',
      ({ call, phase }) => call === 'open' && phase === 'end' && ++opened === paths.length,
    )
    const ends = openFiles(actor.id).flatMap(({ fd, target }) => {
      const info = fdFlags(actor.id, fd)
      // What it took hold of before it opened it may be there for a moment longer.
      const access = info && accessMode(info.flags)
      return paths.includes(target) && access ? [{ fifo: basename(target), access }] : []
    })
    const words = ends.map(({ fifo, access }) => `${fifo} ${access}`).join(', ')
    stage.evidence(`/proc/${actor.id}/fd`, words, `the ends that ${actor.name} holds`, { data: ends })
  }
}
