/** Installs this package as a user does: from its tarball, in a folder of its own. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Packs the checkout, which must be built, and installs the tarball without development dependencies. npm downloads
 * only what is missing in its cache.
 *
 * @param folder an empty one
 * @returns the path of the installed program
 * @throws what npm wrote to stderr
 */
export function installPackage(folder: string): string {
  // Without scripts: one of them builds, and tests that run at the same time use dist/.
  npm(['pack', '--ignore-scripts', '--pack-destination', folder, root])
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', `--prefix=${folder}`, tarballIn(folder)])
  return join(folder, 'node_modules/osdemo/bin/osdemo.js')
}

/** The names of the files in the tarball that `installPackage` has made. */
export function packedFiles(folder: string): string[] {
  const list = execFileSync('tar', ['-tzf', tarballIn(folder)], { encoding: 'utf8' })
  return list.split('\n').flatMap((line) => (line === '' ? [] : [line.replace(/^package\//, '')]))
}

function tarballIn(folder: string): string {
  const name = readdirSync(folder).find((each) => each.endsWith('.tgz'))
  if (name === undefined) throw new Error(`npm pack left no tarball in ${folder}`)
  return join(folder, name)
}

function npm(words: string[]): void {
  execFileSync('npm', words, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
}
