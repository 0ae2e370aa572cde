import { expect, test } from 'vitest'
import { startLineProgram } from '../src/demos/shared/line-program.js'
import type { Stage } from '../src/run/stage.js'

test('a line that comes after the time for it is the next one', async () => {
  let print: (line: string) => void = () => {}
  const stage = {
    startProgram: async (_name: string, _words: string[], onLine: (line: string) => void) => {
      print = onLine
      return { id: 1, tell: () => {}, ended: new Promise(() => {}) }
    },
    // The time is over at once.
    poll: async (look: () => unknown) => look() || undefined,
  }
  // It uses nothing else of the stage.
  const program = await startLineProgram(stage as unknown as Stage, 'slow', ['slow'])
  expect(await program.next()).toBe(undefined)
  print('one')
  print('two')
  expect([await program.next(), await program.next(), await program.next()]).toEqual([
    'one',
    'two',
    undefined,
  ])
  print('three')
  expect(await program.next()).toBe('three')
})
