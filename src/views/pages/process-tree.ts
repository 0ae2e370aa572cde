/** The processes of a chapter as one tree, from the root down. */
import type { ChalkInstance } from 'chalk'
import type { Data } from '../../events.js'

export interface TreeProcess {
  pid: number
  ppid: number
  comm: string
  state: string
}

/** The most lines of a tree, so that room remains for the claims. */
const mostLines = 11

/** The process that the data of evidence describes, if any. */
export function processIn(data: Data | undefined): TreeProcess | undefined {
  if (typeof data !== 'object' || Array.isArray(data)) return undefined
  const { pid, ppid, comm, state } = data
  return typeof pid === 'number' && typeof ppid === 'number' && typeof comm === 'string'
    ? { pid, ppid, comm, state: typeof state === 'string' ? state : '' }
    : undefined
}

/**
 *     1 systemd (S)
 *     └─ 812 bash (S)
 *        ├─ 4175 cat (S)
 *        └─ 4176 sh (S)
 */
export function drawTree(processes: readonly TreeProcess[], chalk: ChalkInstance): string[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]))
  const all = [...byPid.values()]
  const roots = all.filter(({ ppid }) => !byPid.has(ppid))
  // A recording may contain a circle, so no process is drawn twice.
  const drawn = new Set<number>()
  function draw(process: TreeProcess, branch: string, indent: string): string[] {
    if (drawn.has(process.pid)) return []
    drawn.add(process.pid)
    const children = all.filter(({ ppid, pid }) => ppid === process.pid && pid !== ppid)
    const below = children.flatMap((child, at) => {
      const isLast = at === children.length - 1
      return draw(child, `${indent}${isLast ? '└─ ' : '├─ '}`, `${indent}${isLast ? '   ' : '│  '}`)
    })
    const { pid, comm, state } = process
    return [`${chalk.dim(branch)}${chalk.cyan(pid)} ${comm} ${chalk.dim(`(${state})`)}`, ...below]
  }
  const lines = roots.flatMap((root) => draw(root, '', ''))
  const left = lines.length - mostLines
  // The ancestors in the middle are left out first.
  return left <= 0 ? lines : lines.toSpliced(1, left + 1, chalk.dim(`⋮  ${left + 1} more processes`))
}
