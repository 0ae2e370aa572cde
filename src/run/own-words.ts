/** The words of the command line must be text: Node replaces every byte that is not UTF-8 by U+FFFD, without an error. */
import { isUtf8 } from 'node:buffer'
import { UsageError } from '../errors.js'
import { ownCommandLine } from '../proc/cmdline.js'

const replacement = '\uFFFD'

/**
 * Refuses words that are not what the user typed. Where there is no /proc, a word with U+FFFD is refused too: it may be another.
 *
 * @param words the last ones of this process's command line
 * @throws UsageError
 */
export function requireText(words: readonly string[]): void {
  if (!words.some((word) => word.includes(replacement))) return
  const typed = ownCommandLine()?.slice(-words.length)
  const altered = words.find((word, index) => word.includes(replacement) && !isText(word, typed?.[index]))
  if (altered === undefined) return
  throw new UsageError(
    `the word '${altered}' is not UTF-8, so osdemo cannot pass it on unchanged`,
    'Write it in UTF-8. Messages of any bytes may come on stdin: printf "\\377\\n" | osdemo pipe write',
  )
}

/** Whether these bytes are the word. A program may overwrite its command line in /proc, and Node does so for `--title`. */
function isText(word: string, bytes: Buffer | undefined): boolean {
  return bytes !== undefined && isUtf8(bytes) && bytes.toString() === word
}
