/** The file of `--answers`: a line for each answer, the id of the question and a letter. */
import { closeSync, openSync, readSync } from 'node:fs'
import { type Letter, letterIn, lettersOf, type Question } from '../../demos/shared/question.js'
import { systemCallError, UsageError } from '../../errors.js'
import { closest } from './closest.js'

/**
 * Reads a file of answers. Empty lines and lines that begin with # are skipped.
 *
 * @param known every question of osdemo: one file may serve several demos
 * @throws UsageError with the number of the line that is wrong; SystemCallError when the file cannot be read
 */
export function readAnswers(path: string, known: readonly Question[]): Map<string, Letter> {
  const answers = new Map<string, Letter>()
  for (const [index, line] of readLines(path).entries()) {
    const words = line.trim().split(/\s+/)
    const [id = '', text = ''] = words
    if (id === '' || id.startsWith('#')) continue
    const wrong = (what: string, hint: string) => new UsageError(`${path} line ${index + 1}: ${what}`, hint)
    const question = known.find((each) => each.id === id)
    if (words.length !== 2) {
      throw wrong(
        `'${line.trim()}' is not an answer`,
        'Write the id of a question and a letter: zombie-sigkill b',
      )
    }
    if (!question) {
      const meant = closest(
        id,
        known.map((each) => each.id),
      )
      const ids = 'osdemo tour --predict --json | jq -r "select(.data.choices?).data.question"'
      throw wrong(
        `there is no question '${id}'`,
        meant === undefined ? `List the ids of all questions: ${ids}` : `Did you mean ${meant}?`,
      )
    }
    const letter = letterIn(text, question)
    if (!letter)
      throw wrong(`'${text}' is no answer to ${id}`, `Choose one of ${lettersOf(question).join(', ')}.`)
    if (answers.has(id)) throw wrong(`${id} is answered twice`, 'Delete one of the two lines.')
    answers.set(id, letter)
  }
  return answers
}

/** The largest file of answers, in bytes. One answer to every question takes less than 2 KiB. */
const largestFile = 65_536

function readLines(path: string): string[] {
  const bytes = Buffer.alloc(largestFile + 1)
  let length = 0
  try {
    const fd = openSync(path, 'r')
    // Not readFileSync: /dev/zero has no end.
    for (let more = 1; more > 0; length += more)
      more = readSync(fd, bytes, length, bytes.length - length, null)
    closeSync(fd)
  } catch (error) {
    throw systemCallError(
      error,
      `cannot read the answers in ${path}`,
      'Name a file of answers that you may read.',
    )
  }
  if (length > largestFile)
    throw new UsageError(
      `${path} is no file of answers: it has more than ${largestFile} bytes`,
      'Write a line for each answer: zombie-sigkill b',
    )
  return bytes.toString('utf8', 0, length).split('\n')
}
