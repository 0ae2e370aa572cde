/**
 * npm runs this after `npm install` and `npm ci` in a checkout, before `npm pack`, and for an installation from git: it
 * builds. An installation without development dependencies cannot build, and need not fail for that.
 */
import { createRequire } from 'node:module'

/** Whether a package is installed. @param {string} name */
function has(name) {
  try {
    return createRequire(import.meta.url).resolve(name) !== ''
  } catch {
    return false
  }
}

if (has('esbuild')) await import('./build.mjs')
else process.stderr.write('osdemo was not built: this needs the development dependencies. Run npm ci.\n')
