/** The options --kind, --name and --key, which choose a queue. */
import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { defaultKey, defaultName, largestType, type QueueChoice } from '../../demos/queue/shared-queue.js'
import { UsageError } from '../../errors.js'
import { objectKey } from '../lib/values.js'

/** Adds the three options. @param more about a queue that does not exist, for the help */
export function addWhich<Args extends unknown[], Options extends Record<string, unknown>>(
  command: Command<Args, Options>,
  more = '',
) {
  return command
    .addOption(kindOption())
    .option('--name <name>', `name of a POSIX queue${more} (default: ${defaultName})`)
    .option('--key <n>', `key of a System V queue${more} (default: ${defaultKey})`, objectKey)
}

/** The option --kind. */
export function kindOption() {
  return new Option('--kind <kind>', 'the interface: POSIX, or System V')
    .choices(['posix', 'sysv'] as const)
    .default('posix' as const)
}

interface Chosen {
  kind: 'posix' | 'sysv'
  name?: string | undefined
  key?: number | undefined
}

/** @throws UsageError for an option of the other kind */
export function whichQueue({ kind, name, key }: Chosen): QueueChoice {
  if (kind === 'sysv') {
    refuse('--name', name, 'A System V queue has a key: --key 70002')
    return { kind, key: key ?? defaultKey }
  }
  refuse('--key', key, 'A POSIX queue has a name: --name /osdemo. For a System V queue, add --kind sysv.')
  return { kind, name: name ?? defaultName }
}

/** @param instead what to use, as a sentence @throws UsageError when the option was given */
export function refuse(option: string, value: unknown, instead: string): void {
  if (value !== undefined) throw new UsageError(`${option} does not fit this kind of queue`, instead)
}

/** The hint for --type with a POSIX queue. */
export const typeNeedsSysv =
  'The messages of a POSIX queue have a priority, and no type. For a System V queue, add --kind sysv.'

/** A parser of types of messages: whole numbers of 64 bits. */
export function messageType(smallest: bigint, rule: string): (text: string) => bigint {
  return (text) => {
    const type = /^-?\d{1,19}$/.test(text) ? BigInt(text) : smallest - 1n
    if (type >= smallest && type <= largestType) return type
    throw new InvalidArgumentError(rule)
  }
}
