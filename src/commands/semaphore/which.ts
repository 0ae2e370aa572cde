/** The options --key and --name, which choose a semaphore, and --value. */
import {
  defaultKey,
  largestNamed,
  largestValue,
  type SemaphoreChoice,
} from '../../demos/semaphore/semaphore.js'
import { UsageError } from '../../errors.js'
import { wholeNumber } from '../lib/values.js'

/** What the help says about the options. */
export const keyHelp = `key of a System V semaphore, as ipcs prints it or decimal (default: ${defaultKey})`
export const nameHelp = 'name of a POSIX semaphore, such as /osdemo'
export const valueHelp = 'value of a new semaphore, if it does not exist (default: 0)'

export const semaphoreValue = wholeNumber(0, largestNamed)

/** @throws UsageError when both are given, or when the kind has no such value */
export function whichSemaphore({
  key,
  name,
  value = 0,
}: {
  key?: number | undefined
  name?: string | undefined
  value?: number | undefined
}): SemaphoreChoice {
  if (key !== undefined && name !== undefined)
    throw new UsageError('--key and --name cannot be used together', 'Use one of them.')
  if (name === undefined && value > largestValue)
    throw new UsageError(
      `a System V semaphore cannot have the value ${value}`,
      `Use --value ${largestValue} or less, or a POSIX semaphore: --name /osdemo`,
    )
  return name === undefined ? { key: key ?? defaultKey } : { name }
}
