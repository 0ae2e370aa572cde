/** What `/proc` shows of a process that is to be traced, and whether it can be. */
import { OsdemoError } from '../../errors.js'
import { readCommandLine } from '../../proc/cmdline.js'
import { readLineage } from '../../proc/family.js'
import { accessMode, fdFlags, openLinks } from '../../proc/fds.js'
import { readFolderOf } from '../../proc/links.js'
import { type Endpoint, readTcpTable } from '../../proc/net-tcp.js'
import { isKernelThread, type Stat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { threads } from '../../proc/task.js'
import { ptraceScope } from '../../proc/yama.js'
import type { Descriptor, Target } from '../../trace/descriptor.js'
import type { Known } from '../../trace/model.js'
import { named } from '../why/render/words.js'

/** O_CLOEXEC of asm-generic/fcntl.h. */
const closesOnExec = 0o2000000

/** @throws OsdemoError exit 1, for a process that cannot be traced, or of which a trace would show nothing */
export function requireTraceable({ pid, comm, state }: Stat): void {
  const refuse = (message: string, hint: string) => new OsdemoError(message, 1, { hint })
  const another = 'Name another process. List them with: ps -e'
  if (pid === process.pid) throw refuse(`process ${pid} is this osdemo itself`, another)
  if (isKernelThread(pid))
    throw refuse(`${pid} (${comm}) is a kernel thread: it makes no system calls`, another)
  const tids = threads(pid)
  if (state === 'Z' && tids.length < 2)
    throw refuse(
      `process ${pid} (${comm}) has exited: it is a zombie, and makes no system calls`,
      `See what it waits for: osdemo why ${pid}`,
    )
  if (readLineage(process.pid).members.some((one) => one.pid === pid))
    throw refuse(
      `process ${pid} (${comm}) is an ancestor of this osdemo, and waits for it`,
      'Type the command in a terminal that this process has not started.',
    )
  const [tracer] = tids.map((tid) => readStatus(pid, tid)?.tracer ?? 0).filter((each) => each > 0)
  if (tracer !== undefined)
    throw refuse(
      `process ${pid} (${comm}) is traced already, by ${named(tracer)}`,
      'End that trace first: a process has at most one tracer.',
    )
}

/** Why the kernel refuses ptrace(2), and what to do. */
export function whyRefused(pid: number): string {
  const owner = readStatus(pid)?.euid
  if (owner !== undefined && owner !== process.geteuid?.())
    return `It belongs to user ${owner}. Run osdemo as that user, or as root.`
  const scope = ptraceScope() ?? 0
  if (scope === 3) return 'kernel.yama.ptrace_scope is 3: no process may trace until the next boot.'
  if (scope > 0 && process.geteuid?.() !== 0)
    return `kernel.yama.ptrace_scope is ${scope}. Run osdemo as root, or start the program with: osdemo trace -- COMMAND`
  return 'It may have more rights than osdemo, or the container lacks the capability SYS_PTRACE. See ptrace(2).'
}

/** @param comm its name, for a process without a command line */
export function readRunning({ pid, comm }: Stat): Known {
  const words = readCommandLine(pid) ?? []
  const endpoints = new Map(readTcpTable(pid).map((row) => [row.inode, row]))
  const open = openLinks(pid).flatMap(({ fd, target }) => {
    const flags = fdFlags(pid, fd)?.flags
    if (flags === undefined) return []
    const end = { O_RDONLY: 'read' as const, O_WRONLY: 'write' as const, O_RDWR: undefined }[
      accessMode(flags) ?? 'O_RDWR'
    ]
    const descriptor: Descriptor = { fd, ...targetOf(target, endpoints) }
    return [{ descriptor, ...(end && { end }), closesOnExec: (flags & closesOnExec) !== 0 }]
  })
  return {
    pid,
    command: words.length > 0 ? words : [comm],
    threads: threads(pid).filter((tid) => tid !== pid),
    folder: readFolderOf(pid, 'cwd'),
    open,
  }
}

/** The text of a link in /proc as strace would name the object. */
function targetOf(
  link: string,
  endpoints: Map<number, { local: Endpoint; remote: Endpoint; state: string }>,
): Target {
  const [, type, inode = ''] = /^(pipe|socket):\[(\d+)\]$/.exec(link) ?? []
  if (type === 'pipe') return { kind: 'pipe', inode }
  const row = type === 'socket' ? endpoints.get(Number(inode)) : undefined
  if (row) {
    const address = ({ host, port }: Endpoint) =>
      host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    const protocol = row.local.host.includes(':') ? 'TCPv6' : 'TCP'
    const peer = row.state === 'LISTEN' ? {} : { peer: address(row.remote) }
    return { kind: 'socket', protocol, local: address(row.local), ...peer }
  }
  if (!link.startsWith('/')) return { kind: 'unknown', text: link }
  const path = link.replace(/ \(deleted\)$/, '')
  return { kind: 'path', path, deleted: path !== link }
}
