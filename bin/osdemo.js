#!/usr/bin/env node
// CommonJS, as package.json beside it says: Node starts it without its loader of ES modules.
const { fstatSync, readFileSync, writeSync } = require('node:fs')
const { join } = require('node:path')

const dist = join(__dirname, '../dist')

/**
 * What the program prints for one word that asks for no more than a page.
 *
 * @param {string | undefined} word
 */
function pageOf(word) {
  if (word === '--version' || word === '-V') return `${require('../package.json').version}\n`
  if (word !== '--help' && word !== '-h' && word !== 'help') return undefined
  // The page that the build has stored is 80 columns wide; for a narrower terminal it is made anew.
  const mayBeNarrow = fstatSync(1).isCharacterDevice() && process.stdout.columns < 80
  return mayBeNarrow ? undefined : readFileSync(join(dist, 'help.txt'), 'utf8')
}

/** Whether all of it is written. */
function printed() {
  try {
    const page = process.argv.length === 3 ? pageOf(process.argv[2]) : undefined
    return page !== undefined && writeSync(1, page) === Buffer.byteLength(page)
  } catch {
    // No page yet, or a full disk, or a reader that has gone: the program has an answer to each.
    return false
  }
}

if (!printed()) require(join(dist, 'main.cjs')).main(process.argv.slice(2))
