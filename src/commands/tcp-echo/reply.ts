/** The option `--reply`, which server and client share. */
import { Option } from '@commander-js/extra-typings'

export function replyOption(meaning: string) {
  return new Option('--reply <form>', `${meaning}: the whole frame, or its body without the header`)
    .choices(['frame', 'body'] as const)
    .default('frame' as const)
}
