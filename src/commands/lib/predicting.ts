/** `--predict` and `--answers`: what they make of a command that has questions. */
import { type Answers, predictFirst } from '../../demos/shared/predict.js'
import type { Question } from '../../demos/shared/question.js'
import { commands } from '../index.js'
import { readAnswers } from './answers.js'
import { type CommonOptions, hasPerson } from './common-options.js'
import type { NameDemo } from './spec.js'

/** A command that asks its questions before it plays its demo, where the options say so. */
export function predicting(nameDemo: NameDemo, questions: () => Promise<readonly Question[]>): NameDemo {
  return async (options, audience, literal) => {
    const demo = await nameDemo(options, audience, literal)
    const answers = await answersOf(options)
    return answers ? predictFirst(demo, await questions(), answers, hasPerson(options)) : demo
  }
}

/**
 * Where the answers come from, as the options say; undefined where nothing is asked.
 *
 * @throws UsageError or SystemCallError when the file of answers is wrong
 */
export async function answersOf({ predict, answers }: CommonOptions): Promise<Answers | undefined> {
  if (answers !== undefined) return { given: readAnswers(answers, await allQuestions()) }
  return predict ? {} : undefined
}

/** The questions of all commands. */
export async function allQuestions(): Promise<Question[]> {
  const asking = [...commands.values()].flatMap((entry) => [entry, ...(entry.variant ? [entry.variant] : [])])
  const lists = asking.map(async ({ questions }) => (await questions?.()) ?? [])
  return (await Promise.all(lists)).flat()
}
