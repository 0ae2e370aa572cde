/** Questions before a run, and the answers that the run gives. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { claimIds } from '../../scripts/claims.js'
import { commands } from '../../src/commands/index.js'
import { readAnswers } from '../../src/commands/lib/answers.js'
import { closest } from '../../src/commands/lib/closest.js'
import { allQuestions } from '../../src/commands/lib/predicting.js'
import { chosen } from '../../src/commands/tour.js'
import { lettersOf } from '../../src/demos/shared/question.js'
import type { Event } from '../../src/events.js'
import { newPlace, parseEvents, playDemo, temporaryFolder } from '../support/osdemo.js'

/** The records that notes carry. */
function dataOf(events: Event[]): Record<string, unknown>[] {
  return events.flatMap((event) =>
    event.event === 'note' && typeof event.data === 'object' && !Array.isArray(event.data)
      ? [event.data]
      : [],
  )
}

function answersFile(text: string): string {
  const file = join(mkdtempSync(join(temporaryFolder(), 'answers-')), 'answers.txt')
  writeFileSync(file, text)
  return file
}

test('there are at least 25 questions, each with an id of its own and two to four answers', async () => {
  const questions = await allQuestions()
  expect(questions.length).toBeGreaterThanOrEqual(25)
  expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length)
  for (const question of questions) {
    expect(question.id).toMatch(/^[a-z]+(-[a-z0-9]+)+$/)
    expect(question.text).toMatch(/\?$/)
    expect(question.choices.length).toBeGreaterThanOrEqual(2)
    expect(question.choices.length).toBeLessThanOrEqual(4)
    expect(new Set(question.choices).size).toBe(question.choices.length)
    expect(lettersOf(question)).toContain(question.right)
    // A choice is one line of a page, behind its letter.
    for (const choice of question.choices) expect(choice.length).toBeLessThan(76)
  }
})

test('each letter is the right answer sometimes', async () => {
  const questions = await allQuestions()
  for (const letter of ['a', 'b', 'c'] as const) {
    const share = questions.filter(({ right }) => right === letter).length / questions.length
    expect({ letter, share: share > 0.2 && share < 0.5 }).toEqual({ letter, share: true })
  }
})

test('a claim of the same command decides each question', async () => {
  const listed = claimIds()
  for (const [command, { questions }] of commands) {
    for (const { id, claim } of (await questions?.()) ?? []) {
      expect({ id, by: listed.get(claim) }).toEqual({ id, by: expect.arrayContaining([command]) })
    }
  }
})

test('every chapter of the tour has one or two questions', async () => {
  for (const { command, questions } of chosen([])) {
    const count = ((await questions?.()) ?? []).length
    expect({ command, asks: count === 1 || count === 2 }).toEqual({ command, asks: true })
  }
})

describe('a file of answers', () => {
  test('has lines of an id and a letter; empty lines and comments are skipped', async () => {
    const file = answersFile('# mine\n\n  zombie-sigkill   B\nfork-copy a\r\n')
    const answers = readAnswers(file, await allQuestions())
    expect([...answers]).toEqual([
      ['zombie-sigkill', 'b'],
      ['fork-copy', 'a'],
    ])
  })

  test.each([
    ['zombie-sigkill', 'is not an answer', 'zombie-sigkill b'],
    ['zombie-sigkill a b', 'is not an answer', 'zombie-sigkill b'],
    ['zombie-sigkil b', "no question 'zombie-sigkil'", 'Did you mean zombie-sigkill?'],
    ['something-else b', "no question 'something-else'", 'osdemo tour --predict --json'],
    ['zombie-sigkill d', "'d' is no answer", 'a, b, c'],
    ['zombie-memory c', 'answered twice', 'Delete'],
  ])('that is wrong is exit 2, with the number of the line: %s', async (line, message, hint) => {
    const questions = await allQuestions()
    const file = answersFile(`zombie-memory a\n${line}\n`)
    const error = (() => {
      try {
        return readAnswers(file, questions)
      } catch (error) {
        return error
      }
    })()
    expect(error).toMatchObject({ exit: 2, message: expect.stringContaining(message) })
    expect(error).toMatchObject({ message: expect.stringContaining(`${file} line 2: `) })
    expect(error).toMatchObject({ hint: expect.stringContaining(hint) })
  })

  test('that does not exist is reported as a system call that failed', async () => {
    const run = newPlace().osdemo(['process', 'zombie', '--answers', '/nowhere'])
    expect([await run.exit, run.stdout()]).toEqual([1, ''])
    expect(run.stderr()).toContain('ENOENT')
  })
})

test.each([
  ['zombi', 'zombie'],
  ['shcedule', 'schedule'],
  ['ring', 'ring'],
])('%s probably means %s', (word, meant) => {
  expect(closest(word, ['zombie', 'ring', 'schedule', 'switch'])).toBe(meant)
})

test('nothing is suggested for a word that is like none', () => {
  expect(closest('xylophone', ['zombie', 'ring'])).toBeUndefined()
})

describe('chapters by name', () => {
  const commandsOf = (...words: string[]) => chosen(words).map(({ command }) => command)

  test('are found by command, by its last word, and by topic', () => {
    expect(commandsOf('zombie')).toEqual(['process zombie'])
    expect(commandsOf('process zombie')).toEqual(['process zombie'])
    expect(commandsOf('process', 'zombie', 'short-reads')).toEqual(['process zombie', 'short-reads'])
    expect(commandsOf('queue')).toEqual(['queue demo', 'queue demo --kind sysv', 'queue matrix'])
    expect(commandsOf('message passing')).toEqual(['queue demo', 'queue demo --kind sysv', 'queue matrix'])
    expect(commandsOf('tcp-echo')).toEqual(['tcp-echo demo'])
    expect(commandsOf('fork', 'fork')).toEqual(['process fork'])
  })

  test('that do not exist, or are several, are exit 2 and say what does exist', () => {
    expect(() => chosen(['zombi'])).toThrow(
      expect.objectContaining({ exit: 2, hint: expect.stringMatching(/^Did you mean "zombie"\?/) }),
    )
    expect(() => chosen(['nothing'])).toThrow(
      expect.objectContaining({ exit: 2, hint: expect.stringContaining('osdemo tour --help') }),
    )
    expect(() => chosen(['demo'])).toThrow(
      expect.objectContaining({ exit: 2, hint: expect.stringContaining('"pipe demo"') }),
    )
  })
})

describe.runIf(process.platform === 'linux')('predictions', () => {
  test('right answers to all questions are all right, in a tour', async () => {
    const questions = await allQuestions()
    const file = answersFile(questions.map(({ id, right }) => `${id} ${right}\n`).join(''))
    const records = dataOf(await playDemo(['tour', '--answers', file]))
    const judged = records.filter((record) => 'kernel' in record)
    expect(judged.map(({ question }) => question)).toEqual(
      questions.slice(0, judged.length).map(({ id }) => id),
    )
    // A busy machine, or one with one CPU, may not show these.
    const open = judged.filter(({ kernel }) => kernel === null).map(({ question }) => question)
    expect(['threads-plain-add', 'schedule-shares']).toEqual(expect.arrayContaining(open))
    for (const { question, answer, kernel, right } of judged) {
      if (!open.includes(question))
        expect({ question, answer, right }).toEqual({ question, answer: kernel, right: true })
    }
    const { length } = judged
    const score = { asked: length, answered: length, right: length - open.length, open: open.length }
    expect(records.at(-1)).toEqual(score)
  })

  test('a wrong answer and none are no failure, and the score says so', async () => {
    const events = await playDemo(['process', 'zombie', '--answers', answersFile('zombie-sigkill a\n')])
    const records = dataOf(events)
    expect(records.slice(-3)).toMatchObject([
      { question: 'zombie-sigkill', answer: 'a', kernel: 'b', right: false, value: 'Z (zombie)' },
      { question: 'zombie-memory', answer: null, right: false },
      { asked: 2, answered: 1, right: 0, open: 0 },
    ])
    const last = events.findLast((event) => event.event === 'note')
    expect(last).toMatchObject({ role: 'closing', actor: 'osdemo' })
  })

  test('a claim that the run does not make leaves the question open', async () => {
    const file = answersFile('queue-full c\n')
    const records = dataOf(await playDemo(['queue', '--send', 'nonblocking', '--answers', file]))
    expect(records.slice(-2)).toMatchObject([
      { question: 'queue-full', answer: 'c', kernel: null, right: null },
      { asked: 1, answered: 1, right: 0, open: 1 },
    ])
  })

  test('without a terminal the questions come first, the answers last, and nothing waits', async () => {
    // The other end of stdin stays open: a program that read it would wait.
    const run = newPlace().osdemo(['process', 'orphan', '--predict', '--json'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    expect([await run.exit, run.stderr()]).toEqual([0, ''])
    const events = parseEvents(run.stdout())
    const at = (has: string) =>
      events.findIndex((event) => event.event === 'note' && JSON.stringify(event.data ?? {}).includes(has))
    const firstClaim = events.findIndex(({ event }) => event === 'claim')
    expect(at('choices')).toBeLessThan(firstClaim)
    expect(at('"kernel"')).toBeGreaterThan(firstClaim)
    expect(dataOf(events).at(-1)).toMatchObject({ asked: 2, answered: 0 })
  })
})
