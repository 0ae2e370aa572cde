/** A child allocates memory and recurses: which parts of its address space grow, and which do not. */
import type { GrowerConfig, GrowerWord } from '../../actors/grower.js'
import type { PartName } from '../../proc/memory-parts.js'
import type { ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { kib } from '../../text.js'
import { keysOf } from '../shared/lists.js'
import { requireProc } from '../shared/require-proc.js'
import { claimOrder, type Memory, partAt, readMemory, showMemory } from './show-memory.js'

const config: GrowerConfig = { pieces: 256, piece: 64 * 1024, large: 64 * 1024 * 1024 }

/** Bytes that a step adds at least. Node allocates and frees memory too, so the exact number of bytes cannot be expected. */
const enough = { heap: (config.pieces * config.piece) / 2, stack: 256 * 1024, anonymous: config.large / 2 }

export const processGrow: Demo = async (stage) => {
  requireProc('process layout --grow')
  stage.note(
    'A program obtains memory from the heap, on the stack, or as a mapping of its own. ' +
      'Watch which part grows at each step.',
    'opening',
  )
  const child = await stage.start({ program: 'grower', name: 'child', config })
  await child.until('note')
  const begin = readMemory(child.id)
  showMemory(stage, begin)
  claimOrder(stage, begin)
  const step = (word: GrowerWord, title: string, before: Memory) => take(stage, child, word, title, before)

  const small = await step(
    'small',
    `The child allocates ${config.pieces} small pieces. malloc(3) takes them from the heap, and enlarges it with brk(2).`,
    begin,
  )
  const deep = await step(
    'recurse',
    'The child calls a function that calls itself (recursion). Each call needs room on the stack.',
    small,
  )
  stage.note(
    'The calls have returned, but the stack keeps its size, because the kernel never makes it smaller.',
    'aside',
  )
  const last = await step(
    'large',
    'The child allocates one large piece. malloc(3) requests a mapping of its own with mmap(2).',
    deep,
  )

  const fixed: PartName[] = ['text', 'read-only data', 'data', 'bss']
  stage.claim(
    'memory/fixed-parts-keep-their-size',
    'Text, read-only data, data and bss keep their size: it comes from the program file.',
    fixed.every((part) => sizeOf(begin, part) === sizeOf(last, part)),
  )
  child.tell('end')
  await child.ended
  stage.note(
    'malloc(3) takes small pieces from the heap, and requests large ones from the kernel with mmap(2). ' +
      'The stack grows by itself when calls need it.',
    'closing',
  )
  stage.note('Next: `osdemo process fork` shows what a child shares of this memory.', 'next')
}

/** Lets the child obtain memory, and shows which parts have grown. @returns its memory after that */
async function take(
  stage: Stage,
  child: ActorOf<'grower'>,
  word: GrowerWord,
  title: string,
  before: Memory,
): Promise<Memory> {
  stage.note(title)
  const seen = child.events.length
  child.tell(word)
  const { result } = await child.until('call', (event) => child.events.indexOf(event) >= seen)
  const after = readMemory(child.id)
  const growth = (part: PartName) => sizeOf(after, part) - sizeOf(before, part)
  const grown = { heap: growth('heap'), stack: growth('stack'), anonymous: growth('anonymous') }
  const sizes = Object.entries(grown).map(([part, more]) => `${part} ${more < 0 ? '' : '+'}${kib(more)}`)
  stage.evidence(`/proc/${child.id}/smaps`, sizes.join(', '), 'the change of each part', { data: grown })
  const should = ({ small: 'heap', recurse: 'stack', large: 'anonymous', end: 'stack' } as const)[word]
  const at = word === 'recurse' ? should : showAddress(stage, after, BigInt(result ?? 0))
  if (at !== should) {
    // malloc of musl never takes such pieces from the heap. malloc of glibc does not when another mapping lies just above it.
    stage.note(
      `Not observed: growth of the ${should}, because malloc(3) used ${at ?? 'other'} memory here.`,
      'aside',
    )
    return after
  }
  const others = keysOf(grown).filter((part) => part !== should)
  stage.claim(
    growthIds[should],
    `${growthTexts[should]}: ${kib(grown[should])}.`,
    grown[should] >= enough[should] && others.every((part) => grown[part] < enough[part]),
  )
  return after
}

/** The claim about the part from which a step takes its memory. */
const growthIds = {
  heap: 'memory/heap-grows-with-small-pieces',
  stack: 'memory/stack-grows-with-recursion',
  anonymous: 'memory/large-piece-lies-outside-heap',
} as const

const growthTexts = {
  heap: 'Small pieces enlarge the heap, and not the stack or the mappings',
  stack: 'Recursion enlarges the stack, and not the heap or the mappings',
  anonymous: 'A large piece lies outside heap and stack, in a mapping of its own',
}

/** Shows in which part an address from malloc(3) lies. */
function showAddress(stage: Stage, { pid, pieces }: Memory, address: bigint): PartName | undefined {
  const part = partAt(pieces, address)?.part
  stage.evidence(
    `/proc/${pid}/smaps`,
    `0x${address.toString(16)}`,
    `${address}, the last result of malloc(3): in ${part ?? 'no part'}`,
    { data: { address: address.toString(16), part: part ?? null } },
  )
  return part
}

/** Bytes that the process may use. Reserved memory (`---p`) does not count: malloc(3) reserves 64 MiB for each thread. */
function sizeOf({ pieces }: Memory, part: PartName): number {
  const usable = pieces.filter((piece) => piece.part === part && !piece.permissions.startsWith('---'))
  return usable.reduce((sum, { from, to }) => sum + Number(to - from), 0)
}
