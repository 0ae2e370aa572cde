/** A terminal that takes no more output, as after Ctrl-S, must not block osdemo: it would not react to Ctrl-C or `--timeout`. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { isatty, WriteStream } from 'node:tty'
import { readDescriptorLink } from '../proc/links.js'

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
  const path = readDescriptorLink(process.pid, fd)
  if (path === undefined) return undefined
  try {
    const again = openSync(path, O_RDWR | O_NOCTTY | O_NONBLOCK)
    const [one, other] = [fstatSync(fd), fstatSync(again)]
    if (one.dev !== other.dev || one.ino !== other.ino) {
      // In a container, the path may lead to another terminal.
      closeSync(again)
      return undefined
    }
    const stream = new WriteStream(again)
    // An undocumented property. Without it, writes block as before.
    const { _handle: handle } = stream as { _handle?: { setBlocking?(blocking: boolean): unknown } }
    handle?.setBlocking?.(false)
    return stream
  } catch {
    return undefined
  }
}
