/** The pages that a process and the child that it forked have in common, by the kernel's count: copy on write, seen from outside. */
import { readSmaps } from '../../proc/smaps.js'
import type { Stage } from '../../run/stage.js'
import { kib } from '../../text.js'
import { zip } from '../shared/lists.js'
import type { Variable } from './fork-picture.js'

/** Those of the variables of examples/fork-shares.c that lie in memory which is shared. */
export const sharedVariables = ['MAP_SHARED', 'System V']

/** Bytes of a variable whose pages are its own for certain: all but the first and the last, which others may share. */
const whole = 15 * 4096

/** Bytes of it that only the write copies: one page may be copied already, as that of the running function on the stack. */
const some = whole - 4096

/** What the kernel counts of the mapping that a variable lies in, in bytes. */
export interface Pages {
  /** Those that only the child has. */
  own: number
  /** Those that another process has too. */
  common: number
  /** What is in memory of it in the child and in the parent, whichever has less. A page in swap is counted nowhere. */
  resident: number
}

/** @returns of each variable; of a process that cannot be seen any more, nothing */
export function readPages(child: number, parent: number, variables: Variable[]): Pages[] {
  const mappings = { child: readSmaps(child) ?? [], parent: readSmaps(parent) ?? [] }
  return variables.map(({ address }) => {
    const holds = ({ from, to }: { from: bigint; to: bigint }) => from <= address && address < to
    const own = mappings.child.find(holds)
    const sum = (kind: string) => (own ? own.bytes(`${kind}_Clean`) + own.bytes(`${kind}_Dirty`) : 0)
    const resident = Math.min(own?.bytes('Rss') ?? 0, mappings.parent.find(holds)?.bytes('Rss') ?? 0)
    return { own: sum('Private'), common: sum('Shared'), resident }
  })
}

/** Copy on write: pages that both had become pages of the child alone, when it writes. */
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
    const say = ({ own, common }: Pages) => `own ${kib(own)}, common ${kib(common)}`
    stage.evidence(
      `/proc/${child}/smaps`,
      `${say(before)}; then ${say(after)}`,
      `${name} of the child, before and after it wrote`,
      { data: [before, after].map(({ own, common }) => ({ variable: name, own, common })) },
    )
  }
  const copied = rows.filter(({ name }) => !sharedVariables.includes(name))
  const kept = rows.filter(({ name }) => sharedVariables.includes(name))
  if ([...copied.map(({ before }) => before), ...after].some(({ resident }) => resident < whole)) {
    stage.note(
      'cannot be seen here, since not all of it is in memory: that the kernel copies what is written to',
      'aside',
    )
    return
  }
  stage.claim(
    'fork/copies-page-on-write',
    'copy on write: pages that both had in common are copied for the child when it writes',
    copied.every(
      ({ before, after }) => after.own >= before.own + some && after.common <= before.common - some,
    ),
  )
  stage.claim(
    'fork/shared-memory-is-not-copied',
    'shared memory is not copied: after the child wrote, all of its pages are common',
    kept.every(({ after }) => after.own === 0 && after.common >= whole),
  )
}
