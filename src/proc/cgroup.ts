/** Control groups, cgroups(7): whether the cgroup of a process is frozen. */
import { join } from 'node:path'
import { readMounts } from './mounts.js'
import { folder, readText } from './read.js'

export interface Freezer {
  /** The path of the cgroup, as /proc/PID/cgroup has it. */
  cgroup: string
  /** The file that thaws it, and what has to be written there; undefined where this mount namespace does not show the file. */
  file?: string
  word: string
}

/** The frozen cgroup that a process is in, or the cgroup above it that was frozen. Undefined where none is. */
export function frozenCgroup(pid: number): Freezer | undefined {
  for (const line of (readText(`${folder(pid)}/cgroup`) ?? '').split('\n')) {
    const [, number, controllers = '', path = ''] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? []
    if (number === undefined) continue
    const isUnified = number === '0'
    if (!isUnified && !controllers.split(',').includes('freezer')) continue
    const mount = readMounts(process.pid).find(({ type, root, options }) => {
      const isSuch = isUnified ? type === 'cgroup2' : type === 'cgroup' && options.includes('freezer')
      return isSuch && root === '/'
    })
    if (!mount || path.includes('..')) continue
    const [file, word] = isUnified ? ['cgroup.freeze', '0'] : ['freezer.state', 'THAWED']
    const isFrozen = isUnified
      ? /^frozen 1$/m.test(readText(join(mount.point, path, 'cgroup.events')) ?? '')
      : readText(join(mount.point, path, file))?.trim() === 'FROZEN'
    if (!isFrozen) continue
    // Freezing a cgroup freezes all below it.
    for (let at = path; ; at = join(at, '..')) {
      const state = readText(join(mount.point, at, isUnified ? file : 'freezer.self_freezing'))?.trim()
      if (state === '1') return { cgroup: at, file: join(mount.point, at, file), word }
      if (at === '/') return { cgroup: path, word }
    }
  }
  return undefined
}
