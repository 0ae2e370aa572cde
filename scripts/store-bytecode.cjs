// Stores the bytecode of what a run compiles until its first line, for bin/osdemo.js: of the demo that loads all the others, ended
// at once.
const { renameSync, writeFileSync } = require('node:fs')

process.argv.splice(2, Number.POSITIVE_INFINITY, 'tour', '--json', '--timeout', '1ms')
const { bytecode, script } = require('../bin/osdemo.js')

process.on('exit', () => {
  // As a whole or not at all: programs may be starting meanwhile.
  const draft = `${bytecode}.${process.pid}`
  writeFileSync(draft, script.createCachedData())
  renameSync(draft, bytecode)
  // That of the run told of its deadline.
  process.exitCode = 0
})
