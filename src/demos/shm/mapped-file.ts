/** A mapped file on a disk: who sees a store at once, and what msync(2) is for. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { errnoOf } from '../../errors.js'
import { readSmaps } from '../../proc/smaps.js'
import { draftIn, record } from '../../run/ledger.js'
import { runtimeFolder } from '../../run/runtime-folder.js'
import type { Stage } from '../../run/stage.js'
import { kib } from '../../text.js'
import { ask, type Mapper, pass } from './posix.js'

const text = 'on the disk?'

/** File systems that keep their files in memory only, linux/magic.h: tmpfs and ramfs. */
const inMemory = [0x0102_1994, 0x8584_58f6]

/** Creates a file of zeros on a file system with a disk. @returns its path; undefined where there is none */
export function makeDiskFile({ scope }: Stage, size: number): string | undefined {
  for (const folder of [runtimeFolder(), '/var/tmp', tmpdir()]) {
    const path = draftIn(folder)
    const entry = record('file', path)
    try {
      if (inMemory.includes(statfsSync(folder).type)) {
        entry.forget()
        continue
      }
      writeFileSync(path, Buffer.alloc(size), { mode: 0o600, flag: 'wx' })
    } catch (error) {
      entry.forget()
      if (errnoOf(error) === undefined) throw error
      continue
    }
    scope.defer(() => {
      rmSync(path, { force: true })
      entry.forget()
    })
    return path
  }
  return undefined
}

export async function showFile(
  stage: Stage,
  first: Mapper,
  second: Mapper,
  path: string | undefined,
): Promise<void> {
  if (path === undefined) {
    stage.note(
      'Not observed: msync(2), because neither the runtime folder nor /var/tmp is on a disk.',
      'aside',
    )
    return
  }
  stage.note(
    'The first process maps a file on a disk, and writes to the mapping. The second one reads the file.',
  )
  const { errno } = await ask(first, 'map file')
  if (errno !== undefined) {
    stage.note(`Not observed: msync(2), because the file system of ${path} maps no files: ${errno}.`, 'aside')
    return
  }
  await pass(first, 'sent', `store file ${text}`)
  const before = showChanged(stage, first, path, 'before msync(2)')
  const got = (await pass(second, 'received', 'read-file')) ?? ''
  stage.evidence('read(2)', got, 'by the second process, before msync(2)', { data: { text: got } })
  stage.claim(
    'mapping/read-returns-stores',
    'read(2) returns at once what another process wrote to a mapping of the file: both use one page in memory.',
    got === text,
  )
  await ask(first, 'sync')
  const after = showChanged(stage, first, path, 'after msync(2)')
  if (before === 0) {
    stage.note('Not observed: what msync(2) writes, because the kernel had written the page before.', 'aside')
    return
  }
  stage.claim(
    'mapping/msync-writes-changed-pages',
    'msync(2) waits until the file system has written the changed pages: the kernel counts none after it.',
    before > 0 && after === 0,
  )
}

/** Shows how many bytes of the mapping are changed in memory, and not yet written to the file system. */
function showChanged(stage: Stage, { id }: Mapper, path: string, about: string): number {
  const mapping = readSmaps(id)?.find(({ name }) => basename(name) === basename(path))
  const bytes = ['Shared_Dirty', 'Private_Dirty'].map((field) => mapping?.bytes(field) ?? 0)
  const changed = bytes.reduce((sum, one) => sum + one, 0)
  stage.evidence(
    `/proc/${id}/smaps`,
    `Shared_Dirty + Private_Dirty: ${kib(changed)}`,
    `the mapped file, ${about}`,
    {
      data: { part: 'file', changed },
    },
  )
  return changed
}
