/** The tour: demos as the chapters of one lesson. */
import { Unavailable } from '../errors.js'
import { type ClaimId, now } from '../events.js'
import { sayRun } from '../run/run.js'
import type { Demo, Stage } from '../run/stage.js'
import { readTypedLines } from '../run/typed-lines.js'
import { type Answers, ask, judge, noScore, type Score, tellScore } from './shared/predict.js'
import type { Question } from './shared/question.js'
import { createWitness, type Witness } from './shared/witness.js'

/** The part of a run that the page of its chapter draws as a picture. */
export type ChapterPicture = 'memory' | 'states' | 'table' | 'tree'

/** A chapter of the tour. The commands declare them in src/commands/index.ts. */
export interface Chapter {
  command: string
  /** What the lecture calls the topic: `processes`, `message passing`. */
  topic: string
  title: string
  /** The claims that its page shows. */
  heart: readonly ClaimId[]
  picture?: ChapterPicture | undefined
  load(): Promise<Demo>
  questions?: (() => Promise<readonly Question[]>) | undefined
}

export interface TourOptions {
  /** Show every line of the demos, without pages and without the table at the end. */
  full: boolean
  /** Wait for Enter after each chapter. */
  pauses: boolean
  /** Whether a person reads the terminal and can answer. */
  person: boolean
  /** Ask questions before each chapter. */
  answers?: Answers | undefined
}

/**
 * Without pauses the tour takes 25 seconds at most, so on a slow machine no chapter begins later than this, in
 * microseconds.
 */
const lastBeginning = 17_000_000

export function tour(chapters: readonly Chapter[], options: TourOptions): Demo {
  return async (stage) => {
    const begin = now()
    const { full, pauses, person, answers } = options
    const lines = person ? readTypedLines(stage.scope) : undefined
    const shown: Shown[] = []
    const missed: string[] = []
    const score = { ...noScore }
    for (const [index, chapter] of chapters.entries()) {
      if (!pauses && now() - begin > lastBeginning) {
        missed.push(chapter.command)
        continue
      }
      const questions = (answers && (await chapter.questions?.())) ?? []
      announce(stage, { ...chapter, number: index + 1, count: chapters.length }, questions)
      const predictions = await ask(stage, questions, answers ?? {}, lines)
      if (predictions === 'quit') break
      const witness = createWitness()
      await play(stage, chapter, witness)
      shown.push({ chapter, witness })
      add(score, judge(stage, predictions, witness))
      if (!full)
        stage.note(`Full demo: osdemo ${chapter.command}`, 'next', {
          ends: index + 1,
          pauses: pauses && chapters.length > 1,
        })
      if (pauses && lines && chapters.length > 1 && isQuit(await stage.untimed(lines.next()))) break
    }
    if (!full && shown.length > 1) sumUp(stage, shown)
    if (missed.length > 0) {
      const commands = missed.map((command) => `osdemo ${command}`).join(', ')
      stage.note(`This machine was too slow for the whole tour. Left out: ${commands}.`, 'next', { missed })
    }
    tellScore(stage, score)
    if (!full && !answers && shown.length > 1)
      stage.note('Next: `osdemo tour --predict` asks before each chapter what will happen.', 'next')
  }
}

interface NumberedChapter extends Chapter {
  number: number
  count: number
}

/** Begins a chapter. Its page also shows the claims that decide the questions. */
function announce(stage: Stage, chapter: NumberedChapter, questions: readonly Question[]): void {
  const { command, topic, title, heart, picture, number, count } = chapter
  sayRun(stage.say, command.split(' '), title)
  stage.note(`Chapter ${number} of ${count}: ${title}`, 'step', {
    chapter: number,
    chapters: count,
    topic,
    title,
    heart: [...new Set([...heart, ...questions.map(({ claim }) => claim)])],
    picture: picture ?? null,
  })
}

interface Shown {
  chapter: Chapter
  witness: Witness
}

/**
 * Plays a chapter. Where the demo or an actor reports that this machine lacks something, a note says so and the tour
 * continues.
 */
async function play(stage: Stage, { command, load }: Chapter, witness: Witness): Promise<void> {
  const demo = await load()
  try {
    await stage.within(demo, { watch: witness.see })
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    stage.note(`Not available here: ${error.message}`, 'aside', { unavailable: command })
  }
}

function add(score: Score, more: Score): void {
  score.asked += more.asked
  score.answered += more.answered
  score.right += more.right
  score.open += more.open
}

/** Whether the person wants to quit. At the end of input the tour ends too, because no further page can be requested. */
function isQuit(line: string | undefined): boolean {
  return line === undefined || line.trim().toLowerCase().startsWith('q')
}

/** A table of what was shown, with a row for each topic. */
function sumUp(stage: Stage, shown: readonly Shown[]): void {
  for (const topic of new Set(shown.map(({ chapter }) => chapter.topic))) {
    const of = shown.filter(({ chapter }) => chapter.topic === topic)
    const claims = of.flatMap(({ witness }) => witness.claims)
    const held = claims.filter(({ claim }) => claim.holds).length
    const chapters = of.map(({ chapter }) => chapter.title).join(', ')
    stage.say({
      event: 'note',
      role: 'closing',
      text: `${topic}: ${chapters}. Claims that held: ${held} of ${claims.length}.`,
      data: { topic, shown: of.map(({ chapter }) => chapter.title), claims: claims.length, held },
    })
  }
}
