/** Copy-on-write, observed from outside: how many pages parent and child share, as the kernel counts them in smaps. */
import { readSmaps } from '../../proc/smaps.js'
import type { Stage } from '../../run/stage.js'
import { kib } from '../../text.js'
import { zip } from '../shared/lists.js'
import type { Variable } from './fork-picture.js'

/** The variables of examples/fork-shares.c that lie in shared memory. */
export const sharedVariables = ['MAP_SHARED', 'System V']

/** The evidence of one private and one shared variable is shown. That of the others is a detail, which views for people omit. */
export function detailOf(variable: string): { detail?: true } {
  return variable === 'heap' || variable === 'MAP_SHARED' ? {} : { detail: true }
}

/** Bytes of a variable that lie in pages of its own. Its first and its last page may contain other variables too. */
const whole = 15 * 4096

/** The least number of bytes that the write copies. One page may have been copied before, such as the top of the stack. */
const some = whole - 4096

/** The kernel's counts for the mapping that a variable lies in, in bytes. */
export interface Pages {
  /** Pages that only the child has. */
  own: number
  /** Pages that only the parent has. */
  parentOwn: number
  /** Pages that another process has too. */
  common: number
  /** Resident pages, in the child or in the parent, whichever has fewer. Pages in swap are in none of these counts. */
  resident: number
}

/** @returns the counts of each variable; all are 0 when a process has exited */
export function readPages(child: number, parent: number, variables: Variable[]): Pages[] {
  const mappings = { child: readSmaps(child) ?? [], parent: readSmaps(parent) ?? [] }
  return variables.map(({ address }) => {
    const holds = ({ from, to }: { from: bigint; to: bigint }) => from <= address && address < to
    const [own, parents] = [mappings.child.find(holds), mappings.parent.find(holds)]
    const sum = (kind: string, one = own) =>
      one ? one.bytes(`${kind}_Clean`) + one.bytes(`${kind}_Dirty`) : 0
    const resident = Math.min(own?.bytes('Rss') ?? 0, parents?.bytes('Rss') ?? 0)
    return {
      own: sum('Private'),
      parentOwn: parents ? sum('Private', parents) : 0,
      common: sum('Shared'),
      resident,
    }
  })
}

/** Shows copy-on-write: when the child writes to common pages, they are replaced by pages of its own. */
export function showCopies(
  stage: Stage,
  child: number,
  variables: Variable[],
  before: Pages[],
  after: Pages[],
): void {
  const pages = zip(before, after)
  const rows = zip(variables, pages).map(([{ name }, [before, after]]) => ({ name, before, after }))
  for (const { name, before, after } of rows) {
    stage.say({
      event: 'evidence',
      source: `/proc/${child}/smaps`,
      value: `Private: ${kib(before.own)} → ${kib(after.own)}, Shared: ${kib(before.common)} → ${kib(after.common)}`,
      about: `${name} of the child, before → after the write`,
      data: [before, after].map(({ own, parentOwn, common }) => ({ variable: name, own, parentOwn, common })),
      ...detailOf(name),
    })
  }
  stage.note('The events (--json) contain the same evidence for the other variables.')
  const copied = rows.filter(({ name }) => !sharedVariables.includes(name))
  const kept = rows.filter(({ name }) => sharedVariables.includes(name))
  if ([...copied.map(({ before }) => before), ...after].some(({ resident }) => resident < whole)) {
    stage.note('Not observed: copy-on-write, because not all pages of the variables are resident.', 'aside')
    return
  }
  stage.claim(
    'fork/copies-page-on-write',
    `Copy-on-write: the kernel copies a private page when a process writes to it, here for ${copied.length} variables.`,
    copied.every(
      ({ before, after }) => after.own >= before.own + some && after.common <= before.common - some,
    ),
  )
  stage.claim(
    'fork/shared-memory-is-not-copied',
    'Shared memory is not copied on a write: parent and child still share all of its pages.',
    kept.every(({ after }) => after.own === 0 && after.common >= whole),
  )
}
