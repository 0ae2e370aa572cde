import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createMeter } from '../../../src/actors/lib/meter.js'
import { type Fact, now } from '../../../src/events.js'
import { until } from '../../support/until.js'

test('a fast stream is reported as single messages once, and then counted until it slows down', async () => {
  const told: Fact[] = []
  const meter = createMeter((fact) => told.push(fact), 'pipe', 'received')
  const singles = () => told.filter(({ event }) => event === 'received').length
  const tallies = () => told.filter(({ event }) => event === 'tally').length

  for (const begin = now(); now() - begin < 350_000 || tallies() < 2; await turn()) {
    for (let i = 0; i < 10_000; i++) meter.message(2, () => 'x')
  }
  expect(singles()).toBe(100)

  await until(() => !meter.counting)
  meter.message(2, () => 'slow again')
  expect(told.at(-1)).toMatchObject({ event: 'received', text: 'slow again', seq: meter.messages - 1 })
  meter.flush()
  const sum = told.reduce((all, fact) => all + (fact.event === 'tally' ? fact.messages : 0), singles())
  expect(sum).toBe(meter.messages)
})

test('what the bytes of a message include is reported with it', () => {
  const told: Fact[] = []
  const meter = createMeter((fact) => told.push(fact), 'pipe', 'sent')
  meter.message(2, () => 'x', { including: 'newline' })
  meter.message(1, () => 'y')
  expect(told).toEqual([
    { event: 'sent', channel: 'pipe', seq: 0, bytes: 2, including: 'newline', text: 'x' },
    { event: 'sent', channel: 'pipe', seq: 1, bytes: 1, text: 'y' },
  ])
})
