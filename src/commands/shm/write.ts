import { defaultSize, shmWrite } from '../../demos/shm/write.js'
import { UsageError } from '../../errors.js'
import { toolCommand } from '../lib/spec.js'
import { fileMode, objectId, objectKey, size } from '../lib/values.js'
import { idHelp, keyHelp, nameHelp, whichMemory } from './which.js'

export const spec = toolCommand({
  examples: [
    "osdemo shm write 'hello wörld'",
    'osdemo shm write hello --key 4711 --size 64KiB',
    'osdemo shm write hello --hold',
    'osdemo shm write hello --name /osdemo   # POSIX shared memory',
  ],
  options: (command) =>
    command
      .argument('<text>', 'text to write; osdemo adds a NUL byte')
      .option('--key <n>', keyHelp, objectKey)
      .option('--id <n>', idHelp, objectId)
      .option('--name <name>', nameHelp)
      .option(
        '--size <size>',
        `minimum size in bytes (default for a new one: ${defaultSize})`,
        size(1, 2 ** 47),
      )
      .option('--mode <octal>', 'permissions of new memory (default: 0600)', fileMode)
      .option('--hold', 'stay attached until Ctrl-C, then remove the memory'),
  demo([text = ''], { key, id, name: object, size: bytes, mode, hold }) {
    for (const [name, value] of Object.entries({ size: bytes, mode })) {
      if (id === undefined || value === undefined) continue
      const hint = `An existing segment keeps its ${name}.`
      throw new UsageError(`--${name} and --id cannot be used together`, hint)
    }
    const which = whichMemory({ key, id, name: object })
    return shmWrite({ text, which, size: bytes, mode: mode ?? 0o600, hold: hold ?? false })
  },
})
