/**
 * The C programs of this package, for what Node cannot do. Each is compiled on first use and kept in the cache folder, under a
 * name that contains a hash of its source.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { asOsdemoError, DemoFailed, errnoOf, OsdemoError, Unavailable } from '../errors.js'
import { cacheFolder, isOurs, look } from './cache-folder.js'
import { exampleFile } from './package.js'
import { findProgram } from './start-program.js'

const install = 'Install one: apt-get install gcc libc6-dev'

/** @throws Unavailable where there is none */
function findCompiler(): string {
  for (const name of ['cc', 'gcc', 'clang']) {
    try {
      return findProgram(name)
    } catch (error) {
      if (!(error instanceof OsdemoError)) throw error
    }
  }
  throw new Unavailable('there is no C compiler: neither cc nor gcc nor clang is in PATH', install)
}

/**
 * Has the compiler check a program without writing a file.
 *
 * @returns the path of the compiler
 * @throws Unavailable where there is none, or where something is missing, such as the headers of the C library
 */
export async function tryCompiler(name: string): Promise<string> {
  const compiler = findCompiler()
  await run(compiler, ['-fsyntax-only', exampleFile(`${name}.c`)], compiler)
  return compiler
}

/**
 * @param name of a file in `examples`, without its ending
 * @param options for the compiler, such as `-no-pie`
 * @returns the path of the program
 * @throws Unavailable where it cannot be compiled, stored or executed; DemoFailed where another user could have replaced it
 */
export async function compiled(name: string, ...options: string[]): Promise<string> {
  const source = exampleFile(`${name}.c`)
  // Several machines may share a home. The program of one may need another C library; their kernels then differ as well.
  const content = [readFileSync(source), process.arch, release(), ...options]
  // Loaded here and not above: it is needed only where something is compiled.
  const { createHash } = await import('node:crypto')
  const hash = content.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('hex')
  const folder = privateCacheFolder()
  const program = join(folder, `${name}-${hash.slice(0, 16)}`)
  const found = look(program)
  if (found) {
    if (found.isFile() && isOurs(found)) return executable(program)
    throw distrust(program)
  }
  const compiler = findCompiler()
  // The shell renames the finished program. It completes this even when osdemo is killed, so no part of a program is left.
  const line =
    'cc=$1 from=$2 draft=$3 to=$4; shift 4; umask 077; ' +
    '"$cc" -o "$draft" "$from" "$@" && mv -f "$draft" "$to" || { rm -f "$draft"; exit 1; }'
  // Two processes of a demo may need the same program at the same time.
  const draft = `${program}.${process.pid}-${process.hrtime.bigint()}`
  await run('sh', ['-c', line, 'sh', compiler, source, draft, program, ...options], compiler)
  return executable(program)
}

/** The program itself. @throws Unavailable where the kernel does not execute it, as on a disk that is mounted with noexec */
function executable(program: string): string {
  try {
    accessSync(program, constants.X_OK)
    return program
  } catch (error) {
    const { message } = asOsdemoError(error, `cannot execute ${program}`)
    throw new Unavailable(
      message,
      'Set XDG_CACHE_HOME to a folder whose disk allows programs to be executed.',
      error,
    )
  }
}

function run(program: string, words: string[], compiler: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, words, (error, _, stderr) => {
      if (!error) return resolve()
      const why = stderr.split('\n').find((line) => /error|cannot|No space/.test(line)) ?? error.message
      const advice = why.includes('No space')
        ? 'Free some space, or set XDG_CACHE_HOME to another disk.'
        : install
      reject(new Unavailable(`${compiler} cannot compile: ${why.trim()}`, advice, error))
    })
  })
}

/** @throws Unavailable where it cannot be created; DemoFailed where other users may write to it */
function privateCacheFolder(): string {
  try {
    const folder = cacheFolder()
    const stats = look(folder)
    if (stats?.isDirectory() && isOurs(stats)) return folder
    throw distrust(folder)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    const { message } = asOsdemoError(error, 'cannot create a folder for compiled programs')
    throw new Unavailable(message, hint, error)
  }
}

const hint = 'Set XDG_CACHE_HOME to a folder that only you can write to.'

function distrust(path: string): DemoFailed {
  return new DemoFailed(`will not execute ${path}: another user can write to it`, { hint })
}
