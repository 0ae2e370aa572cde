/** The names of users: /etc/passwd, man 5 passwd. Users of a directory service are not in it. */
import { readText } from './read.js'

/** Parses a passwd file: names by uid. Where a uid has several names, the first is used, as getpwuid(3) does. */
export function parsePasswd(text: string): Map<number, string> {
  const users = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':')
    if (name && uid && /^\d+$/.test(uid) && !users.has(Number(uid))) users.set(Number(uid), name)
  }
  return users
}

/** Returns a function that names a uid: `alice`, or `uid 1000` where /etc/passwd has no name for it. */
export function readUsers(): (uid: number) => string {
  const users = parsePasswd(readText('/etc/passwd') ?? '')
  return (uid) => users.get(uid) ?? `uid ${uid}`
}
