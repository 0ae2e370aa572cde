/** A question that a student answers before a demo runs. The run itself decides which answer is right. */
import type { ClaimId } from '../../events.js'

export interface Question {
  /** Its name in files of answers and in events. It never changes. */
  id: string
  text: string
  /** Two to four answers. The first has the letter a. */
  choices: readonly string[]
  right: Letter
  /** The claim that decides. Where a run does not make it, or it does not hold, the question stays open. */
  claim: ClaimId
  /**
   * What proves the answer: the sentence of the claim, or the permissions of a part of the memory. When left out, it is the last
   * evidence between this claim and the one before it.
   */
  proof?: 'claim' | { permissions: string }
}

export const letters = ['a', 'b', 'c', 'd'] as const

export type Letter = (typeof letters)[number]

/** The letters that a question has. */
export function lettersOf({ choices }: Question): readonly Letter[] {
  return letters.slice(0, choices.length)
}

/** The letter that a text names, if the question has it. */
export function letterIn(text: string, question: Question): Letter | undefined {
  const typed = text.trim().toLowerCase()
  return lettersOf(question).find((letter) => letter === typed)
}

/** The answer of this letter, as a list shows it: `b) No, it stays.` */
export function choiceOf({ choices }: Question, letter: Letter): string {
  return `${letter}) ${choices[letters.indexOf(letter)]}`
}
