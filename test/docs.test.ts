/** The parts of the documents that are made from the code. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { blocks, replaceBlock, updated } from '../scripts/docs.js'

test.each(blocks)('the block $name of $file is what the code says', async (block) => {
  const isUpToDate = (await updated(block)) === readFileSync(block.file, 'utf8')
  expect(isUpToDate, `${block.file} is out of date: npm run docs`).toBe(true)
})

test('a block is replaced as a whole, and nothing else', () => {
  const text =
    'a\n<!-- begin one: made by x -->\n\nold\n\n<!-- end one -->\nz\n<!-- begin two -->\n\nb\n\n<!-- end two -->\n'
  expect(replaceBlock(text, 'one', 'cost: $1 $&')).toBe(text.replace('old', () => 'cost: $1 $&'))
})

test('a file without the comments of a block is refused', () => {
  expect(() => replaceBlock('a\n', 'one', 'new')).toThrow('no block of the name one')
})
