/**
 * The start of a program, which reports leave out: the loading of its libraries, and in a language the time until it opens its script.
 * The calls themselves show the end of both. Where they do not, nothing is left out.
 */
import { basename, resolve } from 'node:path'
import type { Call } from './line.js'
import type { Process, Wait } from './model.js'
import { pathOf, type Thing } from './objects.js'
import { unquoted } from './scan.js'

export interface Startup {
  /** The name of the program. */
  program: string
  /** Whether it is that of a language, until the script was opened. Otherwise only libraries were loaded. */
  isLanguage: boolean
  t: number
  until: number
  calls: number
}

/** A start that has not ended. */
export interface Starting {
  t: number
  /** What there was before: the number of calls, and those that blocked. */
  calls: number
  waits: [string, Wait][]
  /** The path of the script as it was typed; of a class, how its path ends. */
  script?: string
  /** The file that was executed. Where the process opens it itself, it may be a script, whose first line names the language. */
  file: string
  opened?: { t: number; calls: number }
  /** Where the list of libraries is mapped. The loader unmaps it when it has loaded all. */
  list?: number
}

/** Go is none of them: its programs contain their runtime, whose start no call shows. */
const languages = /^(?:python|pypy|perl|ruby|node|nodejs|java|php|bash|dash|sh|zsh|ksh)[\d.]*$/

/** No start takes more calls. */
const longest = 20_000

const libraryList = '</etc/ld.so.cache>'

/** The process has executed a program. */
export function beginStartup(call: Call, process: Process): void {
  const { calls, command } = process
  const script = scriptIn(command)
  const waits = [...process.waits].map(([key, wait]): [string, Wait] => [
    key,
    { ...wait, by: new Set(wait.by) },
  ])
  const file = unquoted(call.args.find((word) => word.startsWith('"')) ?? '')
  process.starting = { t: call.t, calls, waits, file, ...(script !== undefined && { script }) }
}

/** The first word that is no option: the script, or a file that it needs before. */
function scriptIn([program = '', ...words]: string[]): string | undefined {
  const name = basename(program)
  if (!languages.test(name)) return undefined
  if (name !== 'java') return words.find((word) => !word.startsWith('-'))
  const isValue = (index: number) => /^(?:-cp|-classpath|--class-path)$/.test(words[index - 1] ?? '')
  const main = words.find((word, index) => !word.startsWith('-') && !isValue(index))
  return main === undefined || /\.(?:java|jar)$/.test(main) ? main : `/${main.replaceAll('.', '/')}.class`
}

/** A call of a process that is starting has returned. */
export function followStartup(call: Call, process: Process, starting: Starting): void {
  const { t, name, args } = call
  const { calls } = process
  const program = basename(process.command[0] ?? '')
  if (name === 'mmap') {
    if (args[4]?.includes(libraryList)) starting.list ??= call.result ?? -1
  } else if (name === 'munmap') {
    if (starting.list === undefined || Number(args[0]) !== starting.list) return
    end(process, starting, { program, isLanguage: false, t, calls })
    // What is mapped there later has nothing to do with the loader.
    starting.list = -1
  } else if (name.startsWith('open')) {
    if (call.result === undefined || call.result < 0) return
    const path = pathOf(call, process)
    if (isSame(path, starting.script, process)) {
      end(process, starting, { program, isLanguage: true, t, calls })
      delete process.starting
    } else if (isSame(path, starting.file, process)) starting.opened ??= { t, calls }
  } else if (starting.opened && name === 'read') {
    const [, line = ''] = /^"#!(.*?)(?:\\n|"|$)/.exec(args[1] ?? '') ?? []
    if (line === '' || !args[0]?.includes(`/${basename(starting.file)}>`)) return
    end(process, starting, { program: languageOf(line), isLanguage: true, ...starting.opened })
    delete process.starting
  } else if (calls - starting.calls > longest) delete process.starting
}

/** `/usr/bin/env -S python3 -u` is python3. */
function languageOf(line: string): string {
  const words = line.trim().split(/\s+/)
  const isEnv = basename(words[0] ?? '') === 'env'
  return basename((isEnv ? words.slice(1) : words).find((word) => !/^-|=/.test(word)) ?? '')
}

function isSame(path: string, file: string | undefined, { folder = '/' }: Process): boolean {
  if (file === undefined) return false
  return file.endsWith('.class') ? `/${path}`.endsWith(file) : resolve(folder, path) === resolve(folder, file)
}

function end(
  process: Process,
  { t, calls, waits }: Starting,
  at: { program: string; isLanguage: boolean; t: number; calls: number },
): void {
  // The start of a language contains that of its libraries.
  const before = (process.startups ?? []).filter((each) => each.t !== t)
  process.startups = [...before, { ...at, t, until: at.t, calls: at.calls - calls }]
  process.waits = new Map(waits.map(([key, wait]) => [key, { ...wait }]))
}

/** The number of calls of a process that belong to its starts. */
export function callsOfStartups({ startups = [] }: Process): number {
  return startups.reduce((sum, { calls }) => sum + calls, 0)
}

/** Whether something that a process did belongs to a start. */
export function isInStartup({ startups = [] }: Process, t: number): boolean {
  return startups.some((each) => t >= each.t && t < each.until)
}

/** Whether a start has made an object that no other process uses. */
export function isOfStartup({ made, users }: Thing): boolean {
  if (made === undefined || !isInStartup(made.by, made.t)) return false
  return [...users.keys()].every((user) => user === made.by)
}
