#!/usr/bin/env node
// CommonJS, as package.json in this folder declares: Node then starts without loading its ES module loader.
const { existsSync, fstatSync, readFileSync, writeSync } = require('node:fs')
const { join } = require('node:path')

const dist = join(__dirname, '../dist')

/**
 * The help page or the version, when the only word asks for it: they need no other code.
 *
 * @param {string | undefined} word
 */
function pageOf(word) {
  if (word === '--version' || word === '-V') return `${require('../package.json').version}\n`
  if (word !== '--help' && word !== '-h' && word !== 'help') return undefined
  // The stored page is 80 columns wide. For a narrower terminal commander makes it anew.
  const mayBeNarrow = fstatSync(1).isCharacterDevice() && process.stdout.columns < 80
  return mayBeNarrow ? undefined : readFileSync(join(dist, 'help.txt'), 'utf8')
}

/** Whether a page was written in full. */
function printed() {
  try {
    const page = process.argv.length === 3 ? pageOf(process.argv[2]) : undefined
    return page !== undefined && writeSync(1, page) === Buffer.byteLength(page)
  } catch {
    // There is no stored page yet, the disk is full or the reader has gone: main reports each of these.
    return false
  }
}

// Eight seconds after its start, V8 makes the heap of an idle process smaller, and wakes all its threads dozens of times. A run that
// follows may wait for hours, so it starts without that: the delay becomes 11 days. Other runs do without the milliseconds of node:v8.
if (process.argv.includes('--follow')) {
  require('node:v8').setFlagsFromString('--gc-memory-reducer-start-delay-ms=1000000000')
}

/** A checkout without a build, as after `npm ci --ignore-scripts`: EX_UNAVAILABLE, with the command to type. */
function reportUnbuilt() {
  const folder = join(__dirname, '..')
  process.stderr.write(`osdemo: it has not been built: there is no ${join(dist, 'main.cjs')}\n`)
  process.stderr.write(`        Build it: npm --prefix '${folder.replaceAll("'", "'\\''")}' run build\n`)
  process.exitCode = 69
}

if (!printed()) {
  if (existsSync(join(dist, 'main.cjs'))) require(join(dist, 'main.cjs')).main(process.argv.slice(2))
  else reportUnbuilt()
}
