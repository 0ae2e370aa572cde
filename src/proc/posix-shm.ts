/** POSIX shared memory and named semaphores: files in /dev/shm, man 7 shm_overview and sem_overview. */
import { lstatSync, readdirSync } from 'node:fs'
import { errnoOf } from '../errors.js'
import { deviceText } from './device.js'
import { holders } from './fds.js'
import { folder, readNumbers, readText } from './read.js'

/**
 * The name of a named semaphore that a process maps, as sem_open(3) takes it: `/name`. A mapping has the path under which the file
 * was created, and the C library renames it, so the inode decides. /dev/shm is in memory, so it always answers.
 */
export function semaphoreName(pid: number, inode: number): string | undefined {
  const place = `${folder(pid)}/root/dev/shm`
  try {
    const file = readdirSync(place).find(
      (name) => name.startsWith('sem.') && lstatSync(`${place}/${name}`).ino === inode,
    )
    return file === undefined ? undefined : `/${file.slice('sem.'.length)}`
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

/** The processes that map a file, shared or private, as far as this user may see it. @param device as stat(2) returns it */
export function mappers({ device, ino }: { device: number; ino: number }): number[] {
  const words = ` ${deviceText(device)} ${ino} `
  return readNumbers('/proc').filter((pid) => readText(`/proc/${pid}/maps`)?.includes(words))
}

/** The processes that map a shared memory object or have it open, as far as this user may see it. */
export function objectUsers(name: string, identity: { device: number; ino: number }): number[] {
  const pids = holders(`/dev/shm${name}`, identity.ino).map(({ pid }) => pid)
  return [...new Set([...mappers(identity), ...pids])]
}
