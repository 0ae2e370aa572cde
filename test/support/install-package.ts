/** Installs this package as a user does: from its tarball, in a folder of its own. */
import { execFile, execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Packs the checkout, which must be built.
 *
 * @param folder an empty one
 * @returns the tarball
 */
export async function packPackage(folder: string): Promise<string> {
  // Without scripts: one of them builds, and tests that run at the same time use dist/.
  await npm(['pack', '--ignore-scripts', '--pack-destination', folder, root])
  const name = readdirSync(folder).find((each) => each.endsWith('.tgz'))
  if (name === undefined) throw new Error(`npm pack left no tarball in ${folder}`)
  return join(folder, name)
}

/**
 * Installs the tarball without development dependencies. npm downloads only what is missing in its cache.
 *
 * @param folder npm creates it
 * @param options of `npm install`
 * @returns the path of the installed program
 * @throws what npm wrote to stderr
 */
export async function installPackage(
  tarball: string,
  folder: string,
  options: string[] = [],
): Promise<string> {
  const words = ['--prefer-offline', '--no-audit', '--no-fund', `--prefix=${folder}`, ...options]
  await npm(['install', ...words, tarball])
  return join(folder, 'node_modules/osdemo/bin/osdemo.js')
}

/** The names of the files in the tarball. */
export function packedFiles(tarball: string): string[] {
  const list = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' })
  return list.split('\n').flatMap((line) => (line === '' ? [] : [line.replace(/^package\//, '')]))
}

async function npm(words: string[]): Promise<void> {
  await promisify(execFile)('npm', words)
}
