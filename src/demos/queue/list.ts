/** Lists the queues of both kinds: the tool `queue list`. */
import { existsSync, readdirSync } from 'node:fs'
import type { QueueListerConfig } from '../../actors/queue-lister.js'
import { queueFolder } from '../../proc/mqueue.js'
import { readRecords } from '../../run/ledger.js'
import type { Demo } from '../../run/stage.js'
import { requireQueues } from './posix-queue.js'
import { defaultName } from './shared-queue.js'

export function queueList({ print }: { print: boolean }): Demo {
  return async (stage) => {
    requireQueues('queue list')
    const records = readRecords().filter(({ kind }) => kind === 'queue')
    const ours = records.map(({ name }) => name).filter((name) => name.startsWith('/'))
    const oursById = records.flatMap(({ name, id }) => (name.startsWith('/') ? [] : (id ?? [])))
    const folder = queueFolder()
    const isListed = folder !== undefined && existsSync(folder)
    const listed = isListed ? readdirSync(folder).map((name) => `/${name}`) : [defaultName]
    const names = [...new Set([...listed, ...ours])].sort()
    const config: QueueListerConfig = { names, ours, oursById, print }
    const lister = await stage.start({ program: 'queue-lister', name: 'lister', config }, { stdout: print })
    await lister.ended
    if (isListed) return
    stage.note('Not listed: POSIX queues of other programs, as mqueue is not mounted.', 'closing')
    stage.note('Root can mount it: `mount -t mqueue none /mnt`.', 'next')
  }
}
