import { expect, test } from 'vitest'
import { subject } from '../../src/views/describe-event.js'

test('the title of a run is the command, as a shell reads it', () => {
  const command = ['pipe', 'pipeline', '--save', 'x.svg', '--brief', '--', 'seq', '9', '|', 'sort', '--json']
  expect(subject(command)).toBe("osdemo pipe pipeline -- seq 9 '|' sort --json")
  expect(subject(['shm', 'write', 'two words', '--json'])).toBe("osdemo shm write 'two words'")
})
