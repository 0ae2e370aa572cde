/** Processes count in one segment: an update is lost, three ways to count, and a lock whose holder is killed. */
import { box, claimsOf, type Draw, writeClaims } from '../figure.js'
import { drawLock, lockStory } from './lock.js'
import { claimsOfTotals, drawSteps, drawTotals, lostUpdateIn } from './lost-update.js'

const [leftEnd, rightBegin] = [770, 830]

export const drawRace: Draw = (story) => {
  const lock = lockStory(story)
  if (!lock) return undefined
  const beside = claimsOf(story, [
    'lock/waiter-sleeps-in-futex',
    'lock/owner-death-is-reported',
    'lock/can-be-repaired-after-owner-death',
  ])
  const half = 420
  return {
    title: 'A race, and a lock that prevents it',
    see: 'Both processes read the same value before either writes its sum. A lock prevents that.',
    claims: [...claimsOfTotals(story), ...beside],
    parts: [
      ...drawSteps(story, lostUpdateIn(story), { left: box.left, right: leftEnd, top: box.top + 18 }),
      ...drawTotals(story, { left: rightBegin, right: box.right, top: box.top + 24 }),
      ...drawLock(story, lock, { left: box.left, right: leftEnd, top: half + 22 }),
      ...writeClaims(story, beside, { x: rightBegin, y: half + 48, width: box.right - rightBegin }).parts,
    ],
  }
}
