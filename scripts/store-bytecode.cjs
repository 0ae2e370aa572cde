// Stores the bytecode of what a run compiles until its first line, for bin/osdemo.js: of the demo that loads all the others, ended
// at once. Where V8 takes what is stored already, nothing is written.
const { renameSync, writeFileSync } = require('node:fs')

process.argv.splice(2, Number.POSITIVE_INFINITY, 'tour', '--json', '--timeout', '1ms')
const { bytecodeFile, script } = require('../bin/osdemo.js')

process.on('exit', (code) => {
  // 124 is that deadline; 69 is a machine on which the first demo cannot run.
  if (code !== 124 && code !== 69) return
  process.exitCode = 0
  if (script.cachedDataRejected === false) return
  // As a whole or not at all: programs may be starting meanwhile.
  const draft = `${bytecodeFile()}.${process.pid}`
  writeFileSync(draft, script.createCachedData())
  renameSync(draft, bytecodeFile())
})
