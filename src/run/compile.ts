/**
 * C programs of this package, for what Node cannot do. They are compiled when they are first needed and kept in the cache
 * folder, by the content of their source.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { asOsdemoError, DemoFailed, errnoOf, OsdemoError, Unavailable } from '../errors.js'
import { cacheFolder, isOurs, look } from './cache-folder.js'
import { exampleFile } from './package.js'
import { findProgram } from './start-program.js'

const install = 'install one: apt-get install gcc libc6-dev, or the like'

/** @throws Unavailable where there is none */
function findCompiler(): string {
  for (const name of ['cc', 'gcc', 'clang']) {
    try {
      return findProgram(name)
    } catch (error) {
      if (!(error instanceof OsdemoError)) throw error
    }
  }
  throw new Unavailable('there is no C compiler here: neither cc nor gcc nor clang', install)
}

/**
 * Has the compiler read a program, and make nothing of it.
 *
 * @returns which compiler it is
 * @throws Unavailable where there is none, or where it lacks something, such as the headers of the C library
 */
export async function tryCompiler(name: string): Promise<string> {
  const compiler = findCompiler()
  await run(compiler, ['-fsyntax-only', exampleFile(`${name}.c`)], compiler)
  return compiler
}

/**
 * @param name of a file of `examples`, without its ending
 * @returns the path of the program
 * @throws Unavailable where it cannot be compiled or kept; DemoFailed where somebody else could have put something there
 */
export async function compiled(name: string): Promise<string> {
  const source = exampleFile(`${name}.c`)
  // A home that several machines share may hold a program of another C library: their kernels differ then, too.
  const content = [readFileSync(source), process.arch, release()]
  // Loaded here: every tour would wait for it.
  const { createHash } = await import('node:crypto')
  const hash = content.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('hex')
  const folder = privateCacheFolder()
  const program = join(folder, `${name}-${hash.slice(0, 16)}`)
  const found = look(program)
  if (found) {
    if (found.isFile() && isOurs(found)) return program
    throw distrust(program)
  }
  const compiler = findCompiler()
  // Renamed by the shell, which ends its work even when we are killed: nothing half made is left.
  const line = 'umask 077; "$1" -o "$3" "$2" && mv -f "$3" "$4" || { rm -f "$3"; exit 1; }'
  const draft = `${program}.${process.pid}`
  await run('sh', ['-c', line, 'sh', compiler, source, draft, program], compiler)
  return program
}

function run(program: string, words: string[], compiler: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, words, (error, _, stderr) => {
      if (!error) return resolve()
      const why = stderr.split('\n').find((line) => /error|cannot|No space/.test(line)) ?? error.message
      reject(new Unavailable(`${compiler} cannot compile here: ${why.trim()}`, install, error))
    })
  })
}

/** @throws Unavailable where there is none; DemoFailed where others may write to it */
function privateCacheFolder(): string {
  try {
    const folder = cacheFolder()
    const stats = look(folder)
    if (stats?.isDirectory() && isOurs(stats)) return folder
    throw distrust(folder)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    const { message } = asOsdemoError(error, 'there is no folder to keep a compiled program in')
    throw new Unavailable(message, hint, error)
  }
}

const hint = 'set XDG_CACHE_HOME to a folder that only you can write to'

function distrust(path: string): DemoFailed {
  return new DemoFailed(`${path} is not yours alone: somebody else may have put a program there`, { hint })
}
