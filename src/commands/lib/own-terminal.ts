/** A terminal that takes no more output, as after Ctrl-S, must not block osdemo: it would not react to Ctrl-C or `--timeout`. */
import { constants, openSync, readlinkSync } from 'node:fs'
import { isatty, WriteStream } from 'node:tty'

const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants

/**
 * Makes writes to a terminal wait in the memory of osdemo, as writes to a pipe do: Node's own stream blocks. The terminal is opened
 * again, because the shell and the children of osdemo share descriptor 1 and 2, and with them the flag O_NONBLOCK.
 */
export function openOwnTerminals(): void {
  for (const [name, fd] of [['stdout', 1] as const, ['stderr', 2] as const]) {
    const value = isatty(fd) ? openAgain(fd) : undefined
    if (value) Object.defineProperty(process, name, { value, configurable: true, enumerable: true })
  }
}

/** Undefined where the terminal cannot be opened by its path. Node's own stream serves then. */
function openAgain(fd: number): WriteStream | undefined {
  try {
    const stream = new WriteStream(
      openSync(readlinkSync(`/proc/self/fd/${fd}`), O_RDWR | O_NOCTTY | O_NONBLOCK),
    )
    // An undocumented property. Without it, writes block as before.
    const { _handle: handle } = stream as { _handle?: { setBlocking?(blocking: boolean): unknown } }
    handle?.setBlocking?.(false)
    return stream
  } catch {
    return undefined
  }
}
