/** The parts of the documents that are made from the code. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { claimIds } from '../scripts/claims.js'
import { blocks, replaceBlock, updated } from '../scripts/docs.js'

test.each(blocks)('the block $name of $file is what the code says', async (block) => {
  const isUpToDate = (await updated(block)) === readFileSync(block.file, 'utf8')
  expect(isUpToDate, `${block.file} is out of date: npm run docs`).toBe(true)
})

test('the list of claims has each with every command that makes it', () => {
  const ids = claimIds()
  // Made in a file that two commands share, and in files of their own.
  expect(ids.get('shm/plain-add-loses-updates')).toEqual(['shm threads', 'shm race'])
  expect(ids.get('pipe/end-of-file-after-last-writer')).toEqual(['pipe demo', 'pipe half-duplex'])
  expect(ids.get('queue/rendezvous-needs-a-side-that-waits')).toEqual(['queue demo', 'queue matrix'])
  for (const id of ids.keys())
    expect(id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*\/[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
})

test('a block is replaced as a whole, and nothing else', () => {
  const text =
    'a\n<!-- begin one: made by x -->\n\nold\n\n<!-- end one -->\nz\n<!-- begin two -->\n\nb\n\n<!-- end two -->\n'
  expect(replaceBlock(text, 'one', 'cost: $1 $&')).toBe(text.replace('old', () => 'cost: $1 $&'))
})

test('a file without the comments of a block is refused', () => {
  expect(() => replaceBlock('a\n', 'one', 'new')).toThrow('no block of the name one')
})
