/**
 * Whether a stream gets colour, and how much.
 *
 * The views use only colours of the terminal's own 16, and of these only red, green, magenta and cyan, and the bright red, magenta
 * and blue. In the usual palettes (of xterm, GNOME, macOS, Windows and others, the median) their contrast is at least 3 to 1 on white and on
 * black. Yellow and most bright colours cannot be read on white, and blue not on black.
 */
import { type ColorSupportLevel, supportsColor, supportsColorStderr } from 'chalk'

/**
 * The first of these that is set decides: the flag (`--color`, `--no-color`), FORCE_COLOR (which chalk reads),
 * NO_COLOR. Otherwise a stream gets colour when it is a terminal.
 */
export function colorLevel(stream: NodeJS.WriteStream, flag: boolean | undefined): ColorSupportLevel {
  const detected = stream === process.stdout ? supportsColor : supportsColorStderr
  const level = detected ? detected.level : 0
  if (flag !== undefined) return flag ? level || 1 : 0
  if (process.env.FORCE_COLOR !== undefined) return level
  return process.env.NO_COLOR || !stream.isTTY ? 0 : level
}
