/** One program as two processes: each has its own memory, and an error of one does not reach the other. */
import { getSystemErrorName } from 'node:util'
import { DemoFailed, Unavailable } from '../../errors.js'
import { readProgramFile } from '../../proc/links.js'
import { readInt } from '../../proc/process-memory.js'
import { type Mapping, mappingAt, readMaps } from '../../proc/smaps.js'
import { readStat } from '../../proc/stat.js'
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'
import { requireProc } from '../shared/require-proc.js'
import { framesAt } from '../shared/same-frame.js'

export const processIsolation: Demo = async (stage) => {
  requireProc('process isolation')
  stage.note(
    'Each process has an address space of its own. ' +
      'Watch what two processes find at the same address, and which of them dies of a wrong pointer.',
    'opening',
  )
  const path = await compiled('isolation', '-no-pie')
  const first = await startOne(stage, path, 'first', 1)
  const second = await startOne(stage, path, 'second', 2)
  requireMemory(first)
  showContents(stage, first, second)
  showFrames(stage, first, second)
  const page = await mapPage(first, second)
  await showRight(stage, first, second)
  await showWrongPointer(stage, first, second, page)
  await ask(first, 'exit')
  stage.note(
    'An address has a meaning only within its process. So no error of a process can change the memory of another. ' +
      'Processes that want to share memory have to ask the kernel for it.',
    'closing',
  )
  stage.note('Next: `osdemo process fork` shows what a process shares with its child.', 'next')
}

/** A process that executes examples/isolation.c, and the address of its variable. */
interface Isolated extends LineProgram {
  address: bigint
}

/** Starts the program with a number for its variable. @throws DemoFailed when it does not report its variable */
async function startOne(stage: Stage, path: string, name: string, number: number): Promise<Isolated> {
  const words = [path, `${number}`]
  const program = await startLineProgram(stage, name, words)
  const found = placeIn(await program.next())
  if (!found) throw printedNothing(name, words)
  stage.note(`The ${name} process has written ${found.number} to its variable.`)
  return { ...program, address: found.address }
}

/** Sends a command to a process. @returns the line that the process prints; undefined when it exits */
function ask({ tell, next }: Isolated, command: string): Promise<string | undefined> {
  tell(command)
  return next()
}

/** What the program reports of a variable: `number 1 at 0x4040ac`. */
function placeIn(line = ''): { number: number; address: bigint } | undefined {
  const [, number, address] = /\bnumber (-?\d+) at 0x([0-9a-f]+)$/.exec(line) ?? []
  return address === undefined ? undefined : { number: Number(number), address: BigInt(`0x${address}`) }
}

/** @throws Unavailable where osdemo may not read the memory of its own children, as with Yama's ptrace_scope 2 */
function requireMemory({ id, address }: Isolated): void {
  if (readInt(id, address) !== undefined || readStat(id) === undefined) return
  throw new Unavailable(
    'process isolation needs to read the memory of other processes, which this user may not do',
    'Run it as root, or allow it: sysctl kernel.yama.ptrace_scope=1',
  )
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`
}

/** Shows the content of the same address in both. */
function showContents(stage: Stage, first: Isolated, second: Isolated): void {
  const [program, other] = [first, second].map(({ id }) => readProgramFile(id))
  if (program !== undefined && program === other)
    stage.evidence(`/proc/${first.id}/exe, /proc/${second.id}/exe`, program, 'the program of both')
  const { address } = first
  const [one, two] = [first, second].map(({ id }) => readInt(id, address) ?? null)
  stage.evidence(
    `/proc/${first.id}/mem, /proc/${second.id}/mem`,
    `first: ${one}, second: ${two}`,
    `the variable, at ${hex(address)}`,
    { data: { address: address.toString(16), first: one ?? null, second: two ?? null } },
  )
  stage.claim(
    'isolation/same-address-has-different-content',
    `Each process has its own variable at the same address: at ${hex(address)} one has ${one}, the other ${two}.`,
    second.address === address && one === 1 && two === 2,
  )
}

/** Shows where the variables lie in physical memory, and where the instructions. */
function showFrames(stage: Stage, first: Isolated, second: Isolated): void {
  const text = readMaps(first.id).find(({ permissions }) => permissions === 'r-xp')
  const at = (address: bigint) => framesAt({ pid: first.id, address }, { pid: second.id, address })
  const own = at(first.address)
  const common = text && at(text.from)
  if (!own || !common) {
    stage.note('Not observed: physical memory. The kernel shows it to processes with CAP_SYS_ADMIN.', 'aside')
    return
  }
  const show = (part: 'data' | 'text', what: string, address: bigint, [one, two]: [number, number]) =>
    stage.evidence(
      `/proc/${first.id}/pagemap, /proc/${second.id}/pagemap`,
      `first: page ${one}, second: page ${two}`,
      `in physical memory, ${what}`,
      { data: { part, address: address.toString(16), first: one, second: two } },
    )
  show('data', 'the variable', first.address, own)
  stage.claim(
    'isolation/same-address-leads-to-different-pages',
    'The kernel maps the address of the variable to a different page of physical memory in each process.',
    own[0] !== own[1],
  )
  show('text', 'the first instructions', text.from, common)
  stage.claim(
    'isolation/text-is-in-memory-once',
    'The instructions are in physical memory only once: neither process may write to them.',
    common[0] === common[1],
  )
}

/** A page that only the first process has, and the mapping that each has at its address. */
interface Page {
  address: bigint
  mappings: { owner: Isolated; found: Mapping | undefined }[]
}

/** Lets the first process map a page. The mappings of the second can be read only before it refuses. */
async function mapPage(first: Isolated, second: Isolated): Promise<Page> {
  const address = placeIn(await ask(first, 'map'))?.address
  if (address === undefined)
    throw new DemoFailed('the first process mapped no page', { hint: 'Run it again.' })
  return {
    address,
    mappings: [first, second].map((owner) => ({ owner, found: mappingAt(owner.id, address) })),
  }
}

/** The first process reads the memory of the second, before and after the second has refused. */
async function showRight(stage: Stage, first: Isolated, second: Isolated): Promise<void> {
  stage.note(
    'The first process calls process_vm_readv(2) to read the variable of the second, which has the same user.',
  )
  const before = await readOther(first, second)
  if (before.value === undefined)
    stage.note(
      `Not observed: a read with the right to it. Here it fails with ${before.errno ?? 'no answer'}.`,
      'aside',
    )
  else
    stage.evidence('process_vm_readv(2)', `${before.value}`, 'read by the first process', {
      data: before.value,
    })
  await ask(second, 'refuse')
  stage.note(
    'The second process calls prctl(2) with PR_SET_DUMPABLE and 0. ' +
      'From now on, only a process with CAP_SYS_PTRACE may read its memory. The first does not have this right of root.',
  )
  const { errno } = await readOther(first, second)
  stage.evidence('errno', errno ?? '0', 'process_vm_readv(2) of the first process', {
    data: { before: before.errno ?? null, after: errno ?? null },
  })
  stage.claim(
    'isolation/reading-needs-a-right',
    'A process may read the memory of another only with the right to it: here the call fails with EPERM.',
    errno === 'EPERM',
  )
}

/** Lets the first process read the variable of the second. @returns what it has read, or the errno */
async function readOther(
  first: Isolated,
  second: Isolated,
): Promise<{ value?: number | undefined; errno?: string | undefined }> {
  const answer = (await ask(first, `read ${second.id}`)) ?? ''
  const [, value] = /has (-?\d+) at/.exec(answer) ?? []
  const [, errno] = /errno (\d+)$/.exec(answer) ?? []
  return {
    value: value === undefined ? undefined : Number(value),
    errno: errno === undefined ? undefined : getSystemErrorName(-Number(errno)),
  }
}

/** The second process writes to the page that only the first has. */
async function showWrongPointer(
  stage: Stage,
  first: Isolated,
  second: Isolated,
  { address, mappings }: Page,
): Promise<void> {
  stage.note(
    'The first process has requested a page with mmap(2). The second writes through a pointer to that address.',
  )
  for (const { owner, found } of mappings) {
    const range = found && `${found.from.toString(16)}-${found.to.toString(16)} ${found.permissions}`
    stage.evidence(`/proc/${owner.id}/maps`, range ?? 'no mapping', `${owner.name}, at ${hex(address)}`, {
      data: { address: address.toString(16), permissions: found?.permissions ?? null },
    })
  }
  await ask(second, `write ${hex(address)}`)
  const signal = showDeath(stage, second)
  stage.claim(
    'isolation/wrong-pointer-kills-its-process',
    'A process that writes to an address without a mapping is killed by SIGSEGV, as the second was.',
    signal === 'SIGSEGV',
  )
  const sum = placeIn(await ask(first, 'add'))?.number
  const [number, kept] = [first.address, address].map((place) => readInt(first.id, place) ?? null)
  if (sum === undefined) showDeath(stage, first)
  else
    stage.evidence(
      `/proc/${first.id}/mem`,
      `variable: ${number}, page: ${kept}`,
      'the first has added 1 to its variable',
      { data: { variable: number ?? null, page: kept ?? null } },
    )
  stage.claim(
    'isolation/other-process-continues',
    'The other process continues, and its memory has not changed: its page still contains 1.',
    sum === 2 && number === 2 && kept === 1,
  )
}

/** Shows the signal that a process was killed by. @returns undefined when it was not killed */
function showDeath(stage: Stage, { name, ending }: Isolated): string | undefined {
  const signal = ending()?.signal ?? undefined
  stage.evidence('wait(2)', `killed by ${signal ?? 'no signal'}`, `the ${name} process`, {
    data: { signal: signal ?? null },
  })
  return signal
}
