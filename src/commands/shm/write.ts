import { Option } from '@commander-js/extra-typings'
import { defaultKey } from '../../demos/shm/segment.js'
import { defaultSize, shmWrite } from '../../demos/shm/write.js'
import { toolCommand } from '../lib/spec.js'
import { fileMode, segmentKey, size } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    "osdemo shm write 'hello wörld'",
    'osdemo shm write hello --key 4711 --size 64KiB',
    'osdemo shm write hello --hold',
  ],
  options: (command) =>
    command
      .argument('<text>', 'text to write; osdemo adds a NUL byte')
      .option('--key <n>', 'key of the segment', segmentKey, defaultKey)
      .option(
        '--size <size>',
        `minimum size of the segment (default for a new one: ${defaultSize})`,
        size(1, 2 ** 47),
      )
      .addOption(
        new Option('--mode <octal>', 'permissions of a new segment')
          .argParser(fileMode)
          .default(0o600, '0600'),
      )
      .option('--hold', 'stay attached until Ctrl-C, then remove the segment'),
  demo: ([text = ''], { key, size: bytes, mode, hold }) =>
    shmWrite({ text, key, size: bytes, mode, hold: hold ?? false }),
})
