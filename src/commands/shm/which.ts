/** The options --key, --id and --name, which choose shared memory. */
import { defaultKey, type MemoryChoice } from '../../demos/shm/segment.js'
import { UsageError } from '../../errors.js'

/** What the help says about the options. */
export const keyHelp = `key of the segment, as ipcs prints it or decimal (default: ${defaultKey})`
export const idHelp = 'id of an existing segment, with or without a key'
export const nameHelp = 'name of POSIX shared memory, such as /osdemo, in place of a segment'

/** @throws UsageError when more than one is given */
export function whichMemory(options: {
  key?: number | undefined
  id?: number | undefined
  name?: string | undefined
}): MemoryChoice {
  const { key, id, name } = options
  const [one, other] = Object.entries({ key, id, name }).flatMap(([option, value]) =>
    value === undefined ? [] : option,
  )
  if (other !== undefined)
    throw new UsageError(`--${one} and --${other} cannot be used together`, 'Use one of them.')
  if (name !== undefined) return { name }
  return id === undefined ? { key: key ?? defaultKey } : { id }
}
