import { constants } from 'node:os'

/** The name of an errno. */
export function errnoName(errno: number): string {
  const [name] = Object.entries(constants.errno).find(([, value]) => value === errno) ?? []
  return name ?? `errno ${errno}`
}
