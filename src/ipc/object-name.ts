/** The names of POSIX objects: mq_overview(7), shm_overview(7). */

/** Why this cannot be the name of an object; undefined when it can. */
export function wrongName(name: string): string | undefined {
  if (!name.startsWith('/')) return 'it must begin with a slash'
  if (name.length < 2 || name.slice(1).includes('/'))
    return 'one slash and then a name without slashes is required'
  if (name === '/.' || name === '/..') return 'the kernel reserves it'
  if (name.includes('\0')) return 'it must not contain NUL'
  return Buffer.byteLength(name) > 256 ? 'it has more than 255 bytes after the slash' : undefined
}
