/** docs/gallery.md: each picture is there. `views/pictures.test.ts` shows that it can be read. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { gallery } from '../scripts/pictures.js'

test.each(gallery)('$file is there, and is a slide', ({ file }) => {
  expect(readFileSync(file, 'utf8')).toContain('viewBox="0 0 1280 720"')
})
