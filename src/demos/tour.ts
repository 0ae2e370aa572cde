/** The tour: demos as the chapters of one lesson. */
import { Unavailable } from '../errors.js'
import { type ClaimId, now } from '../events.js'
import { sayRun } from '../run/run.js'
import type { Demo, Stage } from '../run/stage.js'
import { readTypedLines } from '../run/typed-lines.js'
import { type Answers, ask, judge, noScore, type Score, tellScore } from './shared/predict.js'
import type { Question } from './shared/question.js'
import { createWitness, type Witness } from './shared/witness.js'

/** What of a run is drawn as a picture on the page of its chapter. */
export type ChapterPicture = 'memory' | 'states' | 'table' | 'tree'

/** The commands declare the chapters, src/commands/index.ts. */
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
  /** Every line is shown, so nothing stands for a page or sums the pages up. */
  full: boolean
  /** After each chapter a person is waited for. */
  pauses: boolean
  /** A person sits at the terminal, and may answer. */
  person: boolean
  /** Questions come before each chapter. */
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
      if (pauses && lines && chapters.length > 1 && isQuit(await lines.next())) break
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
  sayRun(stage.say, command.split(' '))
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

/** Plays a chapter. One that this machine cannot run, as the demo or one of its actors reports, is noted and passed over. */
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

/** Whether a person wants to quit. The end of input is a wish too: no further page could be asked for. */
function isQuit(line: string | undefined): boolean {
  return line === undefined || line.trim().toLowerCase().startsWith('q')
}

/** What was shown, as a table: a row for each topic. */
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
