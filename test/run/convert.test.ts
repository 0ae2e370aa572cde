/** `--save` of a PNG or PDF: a program that is installed converts the picture. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newPlace, type Place } from '../support/osdemo.js'

const find = (name: string) =>
  spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()

/** The width and height of a PNG, in pixels: PNG specification, section 11.2.2. */
function sizeOfPng(file: string): number[] {
  const bytes = readFileSync(file)
  expect(bytes.toString('latin1', 1, 4)).toBe('PNG')
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
}

/** A PATH with these programs only. */
function onlyPath(place: Place, programs: Record<string, string>): string {
  const folder = join(place.folder, 'programs')
  mkdirSync(folder)
  for (const [name, target] of Object.entries({ node: process.execPath, ...programs })) {
    if (target.startsWith('#!')) writeFileSync(join(folder, name), target, { mode: 0o755 })
    else symlinkSync(target, join(folder, name))
  }
  return folder
}

const rsvg = find('rsvg-convert')
test.skipIf(rsvg === '')(
  'rsvg-convert makes a PNG and a PDF (skipped where it is not installed)',
  async () => {
    const place = newPlace()
    const [png, pdf] = [join(place.folder, 'x.png'), join(place.folder, 'x.pdf')]
    const run = place.osdemo(['short-reads', '--quiet', '--save', png, '--save', pdf])
    expect(await run.exit).toBe(0)
    expect(sizeOfPng(png)).toEqual([1920, 1080])
    expect(readFileSync(pdf, 'latin1')).toMatch(/^%PDF-/)
  },
)

const chromium = find('chromium')
test.skipIf(chromium === '')('so does Chromium (skipped where it is not installed)', async () => {
  const place = newPlace()
  // Debian's chromium is a script of the shell.
  const tools = Object.fromEntries(
    ['sh', 'bash', 'ls', 'cat', 'uname', 'grep', 'sed', 'basename', 'dirname'].map((name) => [
      name,
      find(name),
    ]),
  )
  const env = { PATH: onlyPath(place, { ...tools, chromium }) }
  const png = join(place.folder, 'x.png')
  const run = place.osdemo(['short-reads', '--quiet', '--save', png], { env })
  expect(await run.exit).toBe(0)
  expect(sizeOfPng(png)).toEqual([1920, 1080])
  expect(readdirSync(place.folder).sort()).toEqual(['osdemo', 'programs', 'x.png'])
  expect(readdirSync(join(place.folder, 'osdemo'))).toEqual([])
})

test('without such a program the run does not start: exit code 69', async () => {
  const place = newPlace()
  const png = join(place.folder, 'x.png')
  const env = { PATH: onlyPath(place, {}) }
  const run = place.osdemo(['short-reads', '--save', png], { env })
  expect(await run.exit).toBe(69)
  expect(run.stdout()).toBe('')
  expect(existsSync(png)).toBe(false)
})

test('a program that fails leaves no file, and the run has failed', async () => {
  const place = newPlace()
  const png = join(place.folder, 'x.png')
  const env = { PATH: onlyPath(place, { 'rsvg-convert': '#!/bin/sh\necho broken >&2; exit 3\n' }) }
  const run = place.osdemo(['short-reads', '--quiet', '--save', png], { env })
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toContain('broken')
  expect(existsSync(png)).toBe(false)
})
