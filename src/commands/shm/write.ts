import { defaultSize, shmWrite } from '../../demos/shm/write.js'
import { UsageError } from '../../errors.js'
import { toolCommand } from '../lib/spec.js'
import { fileMode, objectId, objectKey, size } from '../lib/values.js'
import { idHelp, keyHelp, whichSegment } from './which.js'

export const spec = toolCommand({
  examples: [
    "osdemo shm write 'hello wörld'",
    'osdemo shm write hello --key 4711 --size 64KiB',
    'osdemo shm write hello --hold',
  ],
  options: (command) =>
    command
      .argument('<text>', 'text to write; osdemo adds a NUL byte')
      .option('--key <n>', keyHelp, objectKey)
      .option('--id <n>', idHelp, objectId)
      .option(
        '--size <size>',
        `minimum size of the segment (default for a new one: ${defaultSize})`,
        size(1, 2 ** 47),
      )
      .option('--mode <octal>', 'permissions of a new segment (default: 0600)', fileMode)
      .option('--hold', 'stay attached until Ctrl-C, then remove the segment'),
  demo([text = ''], { key, id, size: bytes, mode, hold }) {
    for (const [name, value] of Object.entries({ size: bytes, mode })) {
      if (id === undefined || value === undefined) continue
      const hint = `An existing segment keeps its ${name}.`
      throw new UsageError(`--${name} and --id cannot be used together`, hint)
    }
    const which = whichSegment({ key, id })
    return shmWrite({ text, which, size: bytes, mode: mode ?? 0o600, hold: hold ?? false })
  },
})
