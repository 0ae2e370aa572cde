/** Folders that are removed after the test. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'osdemo-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Makes folders that are removed after the tests of the file that calls this. For tests that run at the same time: there,
 * onTestFinished may belong to another test, and remove a folder that is in use.
 */
export function foldersOfFile(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'osdemo-test-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return () => mkdtempSync(join(root, 'f-'))
}

/**
 * A folder with only these programs, to be the whole PATH of a command.
 *
 * @throws when one of them is not installed here
 */
export function pathWith(...programs: string[]): string {
  const folder = temporaryFolder()
  for (const name of programs) {
    const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    symlinkSync(path, join(folder, name))
  }
  return folder
}
