/** Lists the POSIX queues: the tool `queue list`. */
import { existsSync, readdirSync } from 'node:fs'
import type { QueueListerConfig } from '../../actors/queue-lister.js'
import { queueFolder } from '../../proc/mqueue.js'
import { readRecords } from '../../run/ledger.js'
import type { Demo } from '../../run/stage.js'
import { defaultName } from './named-queue.js'
import { requireQueues } from './posix-queue.js'

export function queueList({ print }: { print: boolean }): Demo {
  return async (stage) => {
    requireQueues('queue list')
    const ours = readRecords().flatMap(({ kind, name }) => (kind === 'queue' ? name : []))
    const folder = queueFolder()
    const isListed = folder !== undefined && existsSync(folder)
    const listed = isListed ? readdirSync(folder).map((name) => `/${name}`) : [defaultName]
    const names = [...new Set([...listed, ...ours])].sort()
    const config: QueueListerConfig = { names, ours, print }
    const lister = await stage.start({ program: 'queue-lister', name: 'lister', config }, { stdout: print })
    await lister.ended
    if (isListed) return
    stage.note('The file system mqueue is not mounted, so queues of other programs are missing.', 'closing')
    stage.note('Root can mount it: `mount -t mqueue none /mnt`.', 'next')
  }
}
