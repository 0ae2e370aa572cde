/** The names of users: /etc/passwd, man 5 passwd. Users of a directory service are not in it. */
import { readText } from './read.js'

/** Reads the text of a passwd file: names by uid; the first of a uid counts, as for getpwuid(3). */
export function parsePasswd(text: string): Map<number, string> {
  const users = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':')
    if (name && uid && /^\d+$/.test(uid) && !users.has(Number(uid))) users.set(Number(uid), name)
  }
  return users
}

/** What names a uid: its name, or `uid 1000` where it has none here. */
export function readUsers(): (uid: number) => string {
  const users = parsePasswd(readText('/etc/passwd') ?? '')
  return (uid) => users.get(uid) ?? `uid ${uid}`
}
