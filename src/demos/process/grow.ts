/** A child allocates and recurses: which parts of its memory grow, and which do not. */
import type { GrowerConfig, GrowerWord } from '../../actors/grower.js'
import type { PartName } from '../../proc/memory-parts.js'
import type { ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { kib } from '../../text.js'
import { keysOf } from '../shared/lists.js'
import { requireProc } from '../shared/require-proc.js'
import { claimOrder, type Memory, partAt, readMemory, showMemory } from './show-memory.js'

const config: GrowerConfig = { pieces: 256, piece: 64 * 1024, large: 64 * 1024 * 1024 }

/** Bytes that a step adds at least. The child has a life of its own beside it: it may find some in what it has, or give some back. */
const enough = { heap: (config.pieces * config.piece) / 2, stack: 256 * 1024, anonymous: config.large / 2 }

export const processGrow: Demo = async (stage) => {
  requireProc('process layout --grow')
  const child = await stage.start({ program: 'grower', name: 'child', config })
  await child.until('note')
  const begin = readMemory(child.id)
  showMemory(stage, begin)
  claimOrder(stage, begin)
  const step = (word: GrowerWord, title: string, before: Memory) => take(stage, child, word, title, before)

  const small = await step(
    'small',
    'Small pieces: malloc(3) takes them from the heap, which brk(2) makes larger.',
    begin,
  )
  const deep = await step('recurse', 'A deep recursion: each call has a frame on the stack.', small)
  stage.note(
    'The calls have returned, and the stack keeps its size: the kernel makes it larger and never smaller.',
    'aside',
  )
  const last = await step(
    'large',
    'One large piece: malloc(3) asks mmap(2) for it, and it lies outside the heap.',
    deep,
  )

  const fixed: PartName[] = ['text', 'read-only data', 'data', 'bss']
  stage.claim(
    'memory/fixed-parts-keep-their-size',
    `${fixed.join(', ')} are as large as at the beginning: only a new program changes them`,
    fixed.every((part) => sizeOf(begin, part) === sizeOf(last, part)),
  )
  child.tell('end')
  await child.ended
}

/** Has the child take memory, and shows what has become larger by it. @returns its memory afterwards */
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
  stage.evidence(`/proc/${child.id}/smaps`, sizes.join(', '), 'what has changed', { data: grown })
  const should = ({ small: 'heap', recurse: 'stack', large: 'anonymous', end: 'stack' } as const)[word]
  const at = word === 'recurse' ? should : showAddress(stage, after, BigInt(result ?? 0))
  if (at !== should) {
    // That of musl never takes such pieces from the heap, and that of glibc not where something lies just above the heap.
    stage.note(
      `malloc(3) took it from ${at} memory; that the ${should} grows could not be seen in this run`,
      'aside',
    )
    return after
  }
  const others = keysOf(grown).filter((part) => part !== should)
  stage.claim(
    growthIds[should],
    `${nouns[should]} has grown with it, ${others.map((part) => nouns[part]).join(' and ')} not`,
    grown[should] >= enough[should] && others.every((part) => grown[part] < enough[part]),
  )
  return after
}

/** What is claimed of the part that a step takes its memory from. */
const growthIds = {
  heap: 'memory/heap-grows-with-small-pieces',
  stack: 'memory/stack-grows-with-recursion',
  anonymous: 'memory/large-piece-lies-outside-heap',
} as const

const nouns = { heap: 'the heap', stack: 'the stack', anonymous: 'anonymous memory' }

/** Where an address lies that malloc(3) gave. */
function showAddress(stage: Stage, { pid, pieces }: Memory, address: bigint): PartName | undefined {
  const part = partAt(pieces, address)?.part
  stage.evidence(
    `/proc/${pid}/smaps`,
    `${address.toString(16)}, in ${part ?? 'none of the parts'}`,
    'the address',
    { data: { address: address.toString(16), part: part ?? null } },
  )
  return part
}

/** Without what is only reserved: malloc(3) reserves 64 MiB for a thread at its first call. */
function sizeOf({ pieces }: Memory, part: PartName): number {
  const usable = pieces.filter((piece) => piece.part === part && !piece.permissions.startsWith('---'))
  return usable.reduce((sum, { from, to }) => sum + Number(to - from), 0)
}
