/** Predict first: asks questions before a demo runs, and reports afterwards which answers the kernel has shown. */
import type { Demo, Stage } from '../../run/stage.js'
import { readTypedLines, type TypedLines } from '../../run/typed-lines.js'
import { choiceOf, type Letter, letterIn, lettersOf, type Question } from './question.js'
import { createWitness, type Quote, type Witness, type WitnessedClaim } from './witness.js'

/** Where the answers come from. */
export interface Answers {
  /** The answers in a file, by the id of the question. With them no person is asked. */
  given?: ReadonlyMap<string, Letter> | undefined
}

export interface Score {
  asked: number
  answered: number
  right: number
  /** Questions that the run did not decide. */
  open: number
}

export const noScore: Score = { asked: 0, answered: 0, right: 0, open: 0 }

/** A question, and the answer to it. */
export interface Prediction {
  question: Question
  answer: Letter | undefined
}

/**
 * A demo with questions before it, and the answers and the score after it.
 *
 * @param person whether a person reads the terminal and can answer
 */
export function predictFirst(
  demo: Demo,
  questions: readonly Question[],
  answers: Answers,
  person: boolean,
): Demo {
  return async (stage) => {
    const lines = person ? readTypedLines(stage.scope) : undefined
    const predictions = await ask(stage, questions, answers, lines)
    if (predictions === 'quit') return
    const witness = createWitness()
    await stage.within(demo, { watch: witness.see })
    tellScore(stage, judge(stage, predictions, witness))
  }
}

/**
 * Asks each question. Takes the answer from the file, or waits until a person types one.
 *
 * @returns `quit` when the person types q
 */
export async function ask(
  stage: Stage,
  questions: readonly Question[],
  { given }: Answers,
  lines: TypedLines | undefined,
): Promise<Prediction[] | 'quit'> {
  const predictions: Prediction[] = []
  for (const question of questions) {
    stage.note(question.text, 'opening', { question: question.id, choices: [...question.choices] })
    const answer = given ? given.get(question.id) : lines && (await typedAnswer(stage, question, lines))
    if (answer === 'quit') return answer
    predictions.push({ question, answer })
  }
  return predictions
}

/** The answer that a person types: a letter, q, or nothing. */
async function typedAnswer(
  stage: Stage,
  question: Question,
  lines: TypedLines,
): Promise<Letter | 'quit' | undefined> {
  const known = lettersOf(question)
  const list = `${known.slice(0, -1).join(', ')} or ${known.at(-1)}`
  for (;;) {
    stage.note(`Type ${list}, then Enter. Enter alone skips the question, and q quits.`, 'next', {
      waits: question.id,
    })
    const text = await stage.untimed(lines.next())
    if (text?.trim().toLowerCase() === 'q') return 'quit'
    const answer = text === undefined ? undefined : letterIn(text, question)
    if (answer || text === undefined || text.trim() === '') return answer
  }
}

/** Reports for each question which answer the kernel has shown, with the evidence. */
export function judge(stage: Stage, predictions: readonly Prediction[], witness: Witness): Score {
  const score = { ...noScore }
  for (const [index, prediction] of predictions.entries()) {
    judgeOne(stage, { ...prediction, number: index + 1 }, witness, score)
  }
  return score
}

interface Numbered extends Prediction {
  number: number
}

function judgeOne(
  stage: Stage,
  { question, answer, number }: Numbered,
  witness: Witness,
  score: Score,
): void {
  const { id, claim, right } = question
  const seen = witness.find(claim)
  const decided = seen?.claim.holds === true
  score.asked++
  if (answer !== undefined) score.answered++
  const data = { question: id, claim, answer: answer ?? null, kernel: decided ? right : null }
  if (!decided) {
    score.open++
    stage.note(`Not observed in this run: the answer to question ${number}.`, 'closing', {
      ...data,
      right: null,
    })
    return
  }
  const isRight = answer === right
  if (isRight) score.right++
  const verdict = isRight
    ? `Your answer to question ${number} is right:`
    : answer === undefined
      ? `Question ${number} was not answered. The kernel shows`
      : `Your answer to question ${number} is wrong: ${answer}. The kernel shows`
  const quote = quoteFor(question, seen, witness)
  // The sentence of a claim contains what was measured.
  const evidence = quote ? `Evidence: ${quote.source}: ${quote.value}` : seen.claim.text
  stage.note(`${verdict} ${choiceOf(question, right)} ${evidence}`, 'closing', {
    ...data,
    right: isRight,
    ...quote,
  })
}

function quoteFor({ proof }: Question, { quotes }: WitnessedClaim, witness: Witness): Quote | undefined {
  if (proof === 'claim') return undefined
  return proof ? witness.permissions(proof.permissions) : quotes.at(-1)
}

/** Reports the score, in a run that has asked questions. */
export function tellScore(stage: Stage, score: Score): void {
  const { asked, answered, right, open } = score
  if (asked === 0) return
  const sum = answered === 0 ? 'No question was answered.' : `Right answers: ${right} of ${asked}.`
  const rest = open > 0 ? ` Not observed in this run: ${open}.` : ''
  stage.note(sum + rest, 'closing', { asked, answered, right, open })
}
