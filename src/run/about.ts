/** What a report of a bug needs besides the version: `osdemo --version --verbose`. */
import { readFileSync } from 'node:fs'
import { availableParallelism, release } from 'node:os'
import { OsdemoError } from '../errors.js'
import { koffiVersion } from '../ipc/libc.js'
import { homepage, ownFolder } from './package.js'

/** A line for each fact about this machine and this installation. */
export function aboutThisMachine(): string {
  const { columns, isTTY } = process.stdout
  const facts = {
    node: `${process.version} ${process.arch}`,
    system: `${process.platform} ${release()}, ${distribution()}`,
    libc: libc(),
    koffi: koffi(),
    cpus: `${availableParallelism()} of them may be used`,
    user: `uid ${process.getuid?.()}`,
    stdout: isTTY ? `a terminal of ${columns} columns, TERM=${process.env.TERM}` : 'no terminal',
    folder: ownFolder(),
    report: `${homepage}/issues, with the output of \`osdemo doctor --json\``,
  }
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(8)}${value}\n`)
    .join('')
}

function distribution(): string {
  try {
    const [, name] = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? []
    return name ?? 'no name in /etc/os-release'
  } catch {
    return 'no /etc/os-release'
  }
}

/** The C library that runs Node. Only for glibc does Node know the version. */
function libc(): string {
  // The types of Node leave the report open.
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  const version = header?.glibcVersionRuntime
  return version === undefined ? 'not glibc' : `glibc ${version}`
}

function koffi(): string {
  try {
    return koffiVersion()
  } catch (error) {
    if (error instanceof OsdemoError) return error.message
    throw error
  }
}
