/** Commands in which the kernel refuses some system calls. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './folders.js'

const source = fileURLToPath(new URL('deny.c', import.meta.url))

interface Skippable {
  skip(condition: boolean, note: string): void
}

/** The words that start a command in which these calls are refused. Skips the test where this is not possible. */
export function denier({ skip }: Skippable): (calls: string) => string[] {
  skip(spawnSync('cc', ['--version']).status !== 0, 'needs a C compiler')
  const program = join(temporaryFolder(), 'deny')
  execFileSync('cc', ['-o', program, source])
  skip(spawnSync(program, ['splice', 'true']).status !== 0, 'needs seccomp')
  return (calls) => [program, calls]
}
