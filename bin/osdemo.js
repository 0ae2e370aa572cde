#!/usr/bin/env node
// CommonJS, as package.json beside it says: the version and the first help page are there before the loader of modules is.
const { fstatSync, readFileSync, statSync, writeSync } = require('node:fs')
const { join } = require('node:path')

/** What the program prints for one word that asks for no more than a page. */
function pageOf(word) {
  if (['--version', '-V'].includes(word)) return `${require('../package.json').version}\n`
  if (!['--help', '-h', 'help'].includes(word)) return undefined
  // The page that the build has stored is 80 columns wide; for a narrower terminal it is made anew.
  const mayBeNarrow = fstatSync(1).isCharacterDevice() && process.stdout.columns < 80
  return mayBeNarrow ? undefined : readFileSync(join(__dirname, '../dist/help.txt'), 'utf8')
}

/** Whether all of it is written. */
function printed() {
  try {
    const page = process.argv.length === 3 ? pageOf(process.argv[2]) : undefined
    return page !== undefined && writeSync(1, page) === Buffer.byteLength(page)
  } catch {
    // No page yet, or a full disk, or a reader that went away: the program has an answer to each.
    return false
  }
}

const program = join(__dirname, '../dist/osdemo.cjs')

/** Where the bytecode lies of this very program, for this very Node: V8 looks only at its own version and how long the program is. */
function bytecodeFile() {
  return join(__dirname, `../dist/${process.version}-${process.arch}-${statSync(program).mtimeMs}.bytecode`)
}

/**
 * Starts the program as `require` would, but with its stored bytecode: compiling takes longer than all else at a start. It is
 * compiled where there is none, or where V8 refuses it because it was started with other flags.
 */
function start() {
  const { createRequire } = require('node:module')
  const { Script } = require('node:vm')
  const wrapped = `(function (require, __filename) {${readFileSync(program, 'utf8')}\n})`
  const script = new Script(wrapped, { filename: program, cachedData: storedBytecode() })
  script.runInThisContext()(createRequire(program), program)
  return script
}

function storedBytecode() {
  try {
    return readFileSync(bytecodeFile())
  } catch {
    return undefined
  }
}

// For scripts/store-bytecode.cjs.
module.exports = { bytecodeFile, script: printed() ? undefined : start() }
