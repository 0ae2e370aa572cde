/** For `osdemo why`: which processes have a kernel object open. All descriptors that this user may see are read once. */
import { accessSync, constants, statSync } from 'node:fs'
import { errnoOf } from '../errors.js'
import { type FdInfo, fdFlags, openLinks } from './fds.js'
import { mayDescriptorBlock } from './mounts.js'
import { readNumbers } from './read.js'

export interface Holder {
  pid: number
  fd: number
}

/** What a descriptor is used for: O_ACCMODE of open(2). */
export type Access = 'reading' | 'writing'

export interface Census {
  /**
   * The descriptors that refer to a file or FIFO: what has a path. Only those with its inode number are passed to stat(2),
   * for the device, and none on a file system that may not answer.
   */
  holders(dev: number, ino: number): Holder[]
  /** The descriptors that refer to a socket, by its inode in the tables of /proc/net. */
  socketHolders(inode: number): Holder[]
  /** The descriptors whose link in /proc/PID/fd is such a text. */
  withTarget(isSuch: (target: string) => boolean): Holder[]
  /** The descriptors whose link in /proc/PID/fd is this text. */
  ofTarget(target: string): Holder[]
  /** What fdinfo says of a descriptor, which is read once. Thousands of processes may have one pipe open, and wait for each other. */
  info(holder: Holder): FdInfo | undefined
  /** The number of processes whose descriptors this user may not see. */
  hidden: number
  pids: readonly number[]
}

/** Reads all /proc/PID/fd one after the other, so this is no snapshot of one moment. */
export function takeCensus(): Census {
  const targets = new Map<string, Holder[]>()
  const pids = readNumbers('/proc')
  let hidden = 0
  for (const pid of pids) {
    const links = openLinks(pid)
    if (links.length === 0 && folderIsClosed(pid)) hidden++
    for (const { fd, target } of links) add(targets, target, { pid, fd })
  }
  const ofTarget = (target: string) => targets.get(target) ?? []
  let files: Map<number | undefined, FileHolder[]> | undefined
  const silent = new Map<number, boolean>()
  // `holders`, `withTarget` and `ofTarget` return the same objects each time.
  const infos = new WeakMap<Holder, FdInfo | undefined>()
  return {
    holders(dev, ino) {
      files ??= filesByInode(targets)
      const all = [...(files.get(ino) ?? []), ...(files.get(undefined) ?? [])]
      return all.filter((holder) => leadsTo(holder, dev, ino, silent))
    },
    withTarget: (isSuch) => [...targets].flatMap(([target, all]) => (isSuch(target) ? all : [])),
    ofTarget,
    info(holder) {
      if (!infos.has(holder)) infos.set(holder, fdFlags(holder.pid, holder.fd))
      return infos.get(holder)
    },
    socketHolders: (inode) => ofTarget(`socket:[${inode}]`),
    hidden,
    pids,
  }
}

function add<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const all = map.get(key)
  if (all) all.push(item)
  else map.set(key, [item])
}

interface FileHolder extends Holder {
  mount: number
}

/** Devices that nearly every process has open. To read their fdinfo would take as long as all the rest. */
const common = /^\/dev\/(null|zero|u?random|tty|pts\/\d+)$/

/** What has a path. Inode numbers are read only when they are needed, because this takes as long as all links. */
function filesByInode(
  targets: ReadonlyMap<string, readonly Holder[]>,
): Map<number | undefined, FileHolder[]> {
  const files = new Map<number | undefined, FileHolder[]>()
  for (const [target, holders] of targets) {
    if (!target.startsWith('/') || common.test(target)) continue
    for (const { pid, fd } of holders) {
      const info = fdFlags(pid, fd)
      if (info) add(files, info.ino, { pid, fd, mount: info.mount })
    }
  }
  return files
}

/** @param silent for each mount seen so far, whether it may not answer */
function leadsTo(
  { pid, fd, mount }: FileHolder,
  dev: number,
  ino: number,
  silent: Map<number, boolean>,
): boolean {
  let isSilent = silent.get(mount)
  if (isSilent === undefined) {
    isSilent = mayDescriptorBlock(pid, fd)
    silent.set(mount, isSilent)
  }
  if (isSilent) return false
  try {
    const stats = statSync(`/proc/${pid}/fd/${fd}`)
    return stats.dev === dev && stats.ino === ino
  } catch {
    return false
  }
}

/** Whether this user may not see the descriptors of a process. */
export function folderIsClosed(pid: number): boolean {
  try {
    accessSync(`/proc/${pid}/fd`, constants.R_OK)
    return false
  } catch (error) {
    return errnoOf(error) === 'EACCES'
  }
}

/** Whether a descriptor allows this access: O_RDONLY is 0, O_WRONLY 1, O_RDWR 2. Without fdinfo, it allows none. */
export function isOpenFor(access: Access, info: FdInfo | undefined): boolean {
  if (info === undefined) return false
  const mode = info.flags & 3
  return mode === 2 || mode === (access === 'reading' ? 0 : 1)
}
