/** The lists of commands. Each test names the command and the line that is missing. */
import { Command } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { commands } from '../../src/commands/index.js'
import { createProgram } from '../../src/commands/lib/program.js'
import { demoCommand } from '../../src/commands/lib/spec.js'
import { count, processId } from '../../src/commands/lib/values.js'
import { chapters } from '../../src/commands/tour.js'

/** Parses these words with commander. Throws when they are wrong. */
async function choiceOf(words: string[]) {
  const literals = words.includes('--') ? words.length - words.indexOf('--') - 1 : 0
  return new Promise<Parameters<NonNullable<Parameters<typeof createProgram>[0]>>[0]>((resolve, reject) => {
    createProgram(resolve, literals).command.parseAsync(words, { from: 'user' }).catch(reject)
  })
}

/** The values that the kill test puts in these places. */
const places: Record<string, string> = { PORT: '7107', KEY: '8000000', NAME: '/name', PID: '1' }

test.each([...commands])('%s: its lines for the kill test are valid', async (path, { killLines }) => {
  for (const line of killLines) {
    const words = `${path} ${line}`.trim().split(' ')
    await choiceOf(words.map((word) => places[word] ?? word))
  }
})

test.each([...commands])(
  '%s: a command that starts a run has a line for the kill test',
  async (path, entry) => {
    const { spec } = entry.load ? await entry.load() : { spec: { kind: 'demo' } }
    if (spec.kind === 'plain') return
    expect(entry.killLines.length, `${path} lacks, for example: killLines: ['']`).toBeGreaterThan(0)
  },
)

test.each(chapters.map((chapter) => [chapter.command, chapter] as const))(
  '%s: its chapter of the tour has a demo',
  async (_, { load }) => {
    expect(await load()).toBeInstanceOf(Function)
  },
)

test('the tour has chapters of every topic of the lecture', () => {
  const topics = new Set(chapters.map(({ command }) => command.split(' ')[0]))
  const lecture = ['process', 'pipe', 'queue', 'tcp-echo', 'short-reads', 'shm']
  expect([...topics]).toEqual(expect.arrayContaining(lecture))
})

test('the compiler knows the options and operands of a command', async () => {
  const parser = new Command()
  const spec = demoCommand({
    examples: [],
    options: (command) => command.argument('<pid>', '', processId).option('--max <n>', '', count),
    demo([pid], options) {
      // @ts-expect-error: there is no option of this name
      expect(options.most).toBeUndefined()
      // @ts-expect-error: it is a number
      expect(options.max satisfies string | undefined).toBe(3)
      return async () => expect(pid satisfies number).toBe(7)
    },
  })
  const nameDemo = spec.configure(parser)
  parser.parse(['7', '--max', '3'], { from: 'user' })
  expect(nameDemo({}, { payload: false, events: true })).toBeInstanceOf(Function)
})
