/** Simulates a machine without FFI. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './osdemo.js'

const code = `const { Module } = require('node:module')
const load = Module._load
Module._load = function (name, ...rest) {
  if (name === 'koffi') throw new Error('Cannot find the native Koffi module')
  return load.call(this, name, ...rest)
}`

/** Environment variables that make koffi fail to load, as on a platform that its package does not support. */
export function withoutFfi(): { NODE_OPTIONS: string } {
  const file = join(temporaryFolder(), 'no-koffi.cjs')
  writeFileSync(file, code)
  return { NODE_OPTIONS: `--require ${file}` }
}
