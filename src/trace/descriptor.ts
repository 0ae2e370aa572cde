/** What a descriptor refers to, as `strace -yy` names it. */
import { afterName, unescaped } from './scan.js'

/** The object behind a descriptor. */
export type Target =
  | { kind: 'pipe'; inode: string }
  | { kind: 'path'; path: string; deleted: boolean; device?: string }
  /** `local` and `peer` are addresses, or inode numbers; a socket without a peer listens, or is not connected yet. */
  | { kind: 'socket'; protocol: string; local: string; peer?: string; path?: string }
  | { kind: 'anonymous'; name: string }
  | { kind: 'process'; pid: number }
  /** Without `-yy`, or in a form of a later strace. */
  | { kind: 'unknown'; text: string }

export type Descriptor = Target & { fd: number }

/** The descriptor in an argument or a result, such as `3<pipe:[85394]>`. Undefined where there is none, as in `-1` or `NULL`. */
export function descriptorIn(word: string): Descriptor | undefined {
  let at = 0
  while (word.charCodeAt(at) >= 48 && word.charCodeAt(at) <= 57) at++
  if (at === 0 || (at < word.length && word[at] !== '<')) return undefined
  return named(Number(word.slice(0, at)), word.slice(at))
}

/** All descriptors with a name in a longer text, such as `[3<pipe:[1]>, 4<pipe:[1]>]`. */
export function descriptorsIn(text: string): Descriptor[] {
  const found: Descriptor[] = []
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const [number] = /\d+$/.exec(text.slice(Math.max(0, at - 10), at)) ?? []
    const end = afterName(text, at)
    if (number !== undefined) found.push(named(Number(number), text.slice(at, end)))
    at = end - 1
  }
  return found
}

/** @param name `<pipe:[85394]>`, perhaps with `(deleted)` behind it */
function named(fd: number, name: string): Descriptor {
  const end = afterName(name, 0)
  const text = name.slice(1, end - 1)
  if (text.startsWith('/')) {
    const at = text.indexOf('<')
    const path = unescaped(at < 0 ? text : text.slice(0, at))
    const deleted = name.startsWith('(deleted)', end) || path.endsWith(' (deleted)')
    return { fd, kind: 'path', path, deleted, ...(at >= 0 && { device: text.slice(at + 1, -1) }) }
  }
  if (text.startsWith('pipe:[')) return { fd, kind: 'pipe', inode: text.slice(6, -1) }
  const [, type = '', inside = ''] = /^([\w-]+):\[?(.*?)\]?$/s.exec(text) ?? []
  if (type === 'anon_inode') return { fd, kind: 'anonymous', name: inside }
  if (type === 'pid') return { fd, kind: 'process', pid: Number(inside) }
  if (type === 'socket' || /^[A-Z]/.test(type))
    return { fd, kind: 'socket', protocol: type, ...addresses(inside) }
  return { fd, kind: 'unknown', text }
}

/** `127.0.0.1:1->127.0.0.1:2`, `7->8,"/tmp/s"`, `[::1]:1->[::1]:2`, or one address alone. */
function addresses(text: string) {
  const at = text.indexOf(',')
  const ends = at < 0 ? text : text.slice(0, at)
  const [local = '', peer] = ends.split('->')
  const path = at < 0 ? undefined : unescaped(text.slice(at + 1).replaceAll(/^@?"|"$/g, ''))
  return { local, ...(peer !== undefined && { peer }), ...(path !== undefined && { path }) }
}
