/** Lists the semaphores of this machine: the tool `semaphore list`. */
import { readRecords } from '../../run/ledger.js'
import type { Demo } from '../../run/stage.js'
import { requireSets } from './semaphore.js'

export function semaphoreList({ print }: { print: boolean }): Demo {
  return async (stage) => {
    requireSets('semaphore list')
    const ours = readRecords().flatMap(({ kind, name, id }) =>
      kind === 'semaphore' ? (name.startsWith('/') ? name : (id ?? [])) : [],
    )
    const config = { ours, print }
    const lister = await stage.start(
      { program: 'semaphore-lister', name: 'lister', config },
      { stdout: print },
    )
    await lister.ended
  }
}
