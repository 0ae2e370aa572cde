/**
 * A shell pipeline, built step by step by a C program. It stops each child after fork(2) and before execve(2), so that osdemo can
 * see the descriptors in between.
 */
import { UsageError } from '../../errors.js'
import { accessMode, fdFlags, openFiles } from '../../proc/fds.js'
import { readProgramFile } from '../../proc/links.js'
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { findProgram } from '../../run/start-program.js'
import { quoted } from '../../shell-quote.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'
import { requireProc } from '../shared/require-proc.js'
import { signalName } from '../shared/signal-name.js'

/** How long a command may take to be executed, and how long all of them to end, in milliseconds. */
const patience = 5000

/** The C program takes no more. */
const mostCommands = 16

const usual = ['yes', '|', 'tr', 'y', 'n', '|', 'head', '-n', '3']

/**
 * @param words commands with `|` between them
 * @throws UsageError where a command is empty, or there are too many
 */
export function pipePipeline(words: readonly string[] = usual): Demo {
  const commands = split(words)
  return async (stage) => {
    requireProc('pipe pipeline')
    for (const [name = ''] of commands) findProgram(name)
    const text = commands.map((command) => command.map(quoted).join(' ')).join(' | ')
    stage.note(
      `A shell builds a pipeline from pipe(2), fork(2), dup2(2), close(2) and execve(2). Watch the descriptors of each process of \`${text}\`.`,
      'opening',
    )
    const program = [await compiled('pipeline'), 'steps', ...words]
    const shell = await startLineProgram(stage, 'shell', program)
    const inherited = new Set(openFiles(shell.id).map(({ target }) => target))
    const children: Child[] = []
    for (const [at, name] of numbered(commands.map(([name = '']) => name)).entries()) {
      const child = await prepare(
        stage,
        { shell, program, inherited },
        { name, isLast: at === commands.length - 1 },
      )
      children.push(child)
    }
    claimConnected(stage, { shell, inherited }, children)
    for (const child of children) await execute(stage, { shell, inherited }, child, words === usual)
    await showEnd(stage, shell, children, words === usual)
    stage.note(
      'No command knows that it is in a pipeline: it reads descriptor 0 and writes to descriptor 1. ' +
        'The shell decides what they are, between fork(2) and execve(2).',
      'closing',
    )
    stage.note('Next: `osdemo pipe capacity` shows when a writer of a pipe blocks.', 'next')
  }
}

/** The names, with a number where several commands have the same one, so that the story can tell them apart. */
function numbered(names: readonly string[]): string[] {
  return names.map((name, at) => {
    const before = names.slice(0, at).filter((one) => one === name).length
    return names.indexOf(name) === names.lastIndexOf(name) ? name : `${name}-${before + 1}`
  })
}

/** The commands between the bars. */
function split(words: readonly string[]): string[][] {
  const commands: string[][] = [[]]
  for (const word of words) {
    if (word === '|') commands.push([])
    else commands.at(-1)?.push(word)
  }
  if (commands.some((command) => command.length === 0)) {
    throw new UsageError(
      'a command of the pipeline is empty',
      "Write a command on each side of '|': osdemo pipe pipeline -- yes '|' head -n 3",
    )
  }
  if (commands.length > mostCommands)
    throw new UsageError(
      `a pipeline of ${commands.length} commands is too long`,
      `Name at most ${mostCommands} commands.`,
    )
  return commands
}

interface Pipeline {
  shell: LineProgram
  /** What the shell had open before the first pipe. */
  inherited: ReadonlySet<string>
}

/** A descriptor of a child. */
type Descriptor = { fd: number; target: string; access: string }

interface Child {
  pid: number
  name: string
  isLast: boolean
  /** Its descriptors after fork(2), and after dup2(2) and close(2). */
  forked: Descriptor[]
  redirected: Descriptor[]
}

/** Its stdin, its stdout, and the ends of pipes that the shell has made; not what osdemo inherited itself. */
function descriptorsOf(pid: number, inherited: ReadonlySet<string>): Descriptor[] {
  return openFiles(pid)
    .filter(({ fd, target }) => fd < 2 || (isPipe(target) && !inherited.has(target)))
    .map(({ fd, target }) => ({
      fd,
      target,
      access: accessMode(fdFlags(pid, fd)?.flags ?? Number.NaN) ?? '',
    }))
    .sort((one, other) => one.fd - other.fd)
}

function isPipe(target: string): boolean {
  return target.startsWith('pipe:')
}

function showDescriptors(
  stage: Stage,
  { pid, name }: Pick<Child, 'pid' | 'name'>,
  moment: string,
  found: Descriptor[],
): Descriptor[] {
  const words = found.map(
    ({ fd, target, access }) => `${fd} -> ${target}${isPipe(target) ? ` ${access}` : ''}`,
  )
  stage.evidence(`/proc/${pid}/fd`, words.join(', ') || 'none', `${name}, ${moment}`, {
    data: found.map((each) => ({ process: name, moment, ...each })),
  })
  return found
}

/** Lets the shell fork a child, and the child redirect its stdin and stdout. */
async function prepare(
  stage: Stage,
  { shell, program, inherited }: Pipeline & { program: string[] },
  { name, isLast }: Pick<Child, 'name' | 'isLast'>,
): Promise<Child> {
  shell.tell('fork')
  const [pid = 0] = (await line(shell, program, /^pipeline: forked (\d+)$/)).map(Number)
  stage.say({ event: 'started', child: pid, name, kind: 'process', parent: shell.id })
  const forked = showDescriptors(stage, { pid, name }, 'after fork(2)', descriptorsOf(pid, inherited))
  shell.tell('redirect')
  await line(shell, program, /^pipeline: redirected \d+$/)
  const redirected = showDescriptors(
    stage,
    { pid, name },
    'after dup2(2) and close(2)',
    descriptorsOf(pid, inherited),
  )
  return { pid, name, isLast, forked, redirected }
}

/** The groups of the next line, which must match. @throws DemoFailed */
async function line(shell: LineProgram, program: string[], pattern: RegExp): Promise<string[]> {
  const found = pattern.exec((await shell.next()) ?? '')
  if (!found) throw printedNothing(shell.name, program)
  return found.slice(1)
}

function claimConnected(stage: Stage, { shell, inherited }: Pipeline, children: Child[]): void {
  if (children.length > 1) {
    const own = children.map(({ forked, isLast }) => isLast || forked.some(({ fd }) => fd > 1))
    stage.claim(
      'pipeline/children-inherit-the-pipes',
      'After fork(2) a child has the ends of the pipe that the shell has made.',
      own.every(Boolean),
    )
    const target = (child: Child | undefined, fd: number) =>
      child?.redirected.find((each) => each.fd === fd)?.target ?? ''
    const joined = children.slice(1).filter((child, at) => {
      const [out, into] = [target(children[at], 1), target(child, 0)]
      return isPipe(out) && out === into
    })
    stage.claim(
      'pipeline/stdout-and-stdin-are-one-pipe',
      `dup2(2) puts the pipe in the place of stdout and stdin: ${joined.length} of ${children.length - 1} pipes join two commands.`,
      joined.length === children.length - 1,
    )
  }
  stage.claim(
    'pipeline/no-other-end-stays-open',
    'After close(2) no child has another end of these pipes than its descriptors 0 and 1.',
    children.every(({ redirected }) => redirected.every(({ fd }) => fd < 2)),
  )
  const own = { pid: shell.id, name: 'shell' }
  const kept = showDescriptors(stage, own, 'when all are forked', descriptorsOf(shell.id, inherited))
  stage.claim(
    'pipeline/shell-closes-its-ends',
    'The shell closes all its ends: if it kept one, a reader would never see end of file.',
    kept.every(({ fd }) => fd < 2),
  )
}

/** Lets a child execute its command, and compares its descriptors before and after. */
async function execute(
  stage: Stage,
  { shell, inherited }: Pipeline,
  child: Child,
  isUsual: boolean,
): Promise<void> {
  const { pid, name, redirected } = child
  const before = readProgramFile(pid)
  shell.tell('execute')
  const changed = await stage.poll(() => {
    const program = readProgramFile(pid)
    return program !== before && { program, now: descriptorsOf(pid, inherited) }
  }, patience)
  // A short command may have exited already.
  if (changed?.program === undefined || changed.now.length === 0) {
    stage.note(
      `Not observed: the descriptors of ${name} (pid ${pid}) after execve(2): it has exited.`,
      'aside',
    )
    return
  }
  const same = redirected.every(({ fd, target }) =>
    changed.now.some((each) => each.fd === fd && each.target === target),
  )
  stage.evidence(`/proc/${pid}/exe`, changed.program, `${name}, after execve(2)`, {
    data: changed.now.map((each) => ({ process: name, moment: 'after execve(2)', ...each })),
  })
  // Any program may close a descriptor itself, and the last command is about to exit. yes and tr fill their pipes, and then wait.
  if (isUsual && !child.isLast)
    stage.claim(
      'pipeline/execve-keeps-descriptors',
      `execve(2) replaces the program and keeps its descriptors: ${name} has the same ones.`,
      same,
    )
}

interface CommandEnding {
  child: Child
  code: number | null
  signal: string | null
}

/** Shows what the last command printed, and how each ended. */
async function showEnd(stage: Stage, shell: LineProgram, children: Child[], isUsual: boolean): Promise<void> {
  const endings: CommandEnding[] = []
  const beginning: string[] = []
  let lines = 0
  let last = ''
  while (endings.length < children.length) {
    const next = await stage.untimed(shell.next())
    // The commands of a user may take long.
    if (next === undefined && shell.ending() === undefined) continue
    if (next === undefined) break
    const [, pid, way, number] =
      /^pipeline: .* \(pid (\d+)\) (was killed by signal|exited with code) (\d+)$/.exec(next) ?? []
    const child = children[endings.length]
    if (!child || Number(pid) !== child.pid) {
      lines += 1
      if (beginning.length < 3) beginning.push(next)
      last = next
    } else if (way?.startsWith('exited')) endings.push({ child, code: Number(number), signal: null })
    else endings.push({ child, code: null, signal: signalName(Number(number)) })
  }
  // The shell ends the last line itself, which leaves an empty one where the command had done so.
  if (last === '') lines -= 1
  if (lines > 0)
    stage.evidence('stdout', beginning.slice(0, lines).join(', '), 'what the last command printed', {
      data: { lines },
    })
  for (const { child, code, signal } of inOrder(endings))
    stage.say({ event: 'exited', child: child.pid, name: child.name, kind: 'process', code, signal })
  if (isUsual)
    stage.claim(
      'pipeline/sigpipe-kills-a-writer-without-reader',
      'SIGPIPE kills a writer whose reader has exited: head printed three lines and exited, then tr and yes died.',
      endings.map(({ signal }) => signal).join() === 'SIGPIPE,SIGPIPE,',
    )
  shell.tell('exit')
  await stage.poll(() => shell.ending() !== undefined, patience)
}

/** A command exits before the one behind it, whose input ends then. Only SIGPIPE comes from the one behind. */
function inOrder(endings: CommandEnding[]): CommandEnding[] {
  const order: CommandEnding[] = []
  for (const ending of endings.toReversed()) {
    if (ending.signal === 'SIGPIPE') order.push(ending)
    else order.unshift(ending)
  }
  return order
}
