/**
 * All clean-up happens here. Code that creates something which outlives a function call (a child, a FIFO, a segment) defers its
 * release at once. Releases run in reverse order, so a child is killed before the FIFO that it uses is removed.
 *
 * A release is synchronous (kill, unlink, shmctl), because it runs either when the scope is disposed or in the `exit` event of
 * the process, where asynchronous code no longer runs. To wait for its effect is a separate step, `settled`, which only
 * disposal does.
 */
import { debug } from '../log.js'

interface Held {
  release: () => void
  settled: (() => Promise<unknown>) | undefined
}

export interface Scope extends AsyncDisposable {
  /**
   * Registers a release. In a scope that is already disposed, as when a run was aborted while something was being created, the
   * release runs at once, and the caller may not continue: nothing would remove what it creates next.
   *
   * @returns runs the release early; it never runs twice
   * @throws Error in a scope that is already disposed
   */
  defer(release: () => void, settled?: () => Promise<unknown>): () => void
}

/** How long disposal waits for the effect of one release before it runs the next, in milliseconds. */
const settleTimeout = 3000

const open = new Set<Held[]>()
let listening = false

function releaseQuietly(held: Held, tell: (error: unknown) => void = () => {}): void {
  try {
    held.release()
  } catch (error) {
    // The other releases must still run, so the error is not thrown.
    debug({ err: error }, 'a release failed')
    tell(error)
  }
}

function releaseEverything(): void {
  for (const list of [...open].reverse()) for (const held of list.splice(0).reverse()) releaseQuietly(held)
}

/** @param refused is called with the error of a release, such as an unlink(2) that the kernel refuses */
export function createScope(refused?: (error: unknown) => void): Scope {
  if (!listening) process.on('exit', releaseEverything)
  listening = true
  const list: Held[] = []
  open.add(list)
  return {
    defer(release, settled) {
      const held = { release, settled }
      if (!open.has(list)) {
        releaseQuietly(held)
        throw new Error('this part of the demo is over')
      }
      list.push(held)
      return () => {
        const index = list.indexOf(held)
        if (index < 0) return
        list.splice(index, 1)
        release()
      }
    },
    async [Symbol.asyncDispose]() {
      for (let held = list.pop(); held; held = list.pop()) {
        releaseQuietly(held, refused)
        if (held.settled) await settleQuietly(held.settled)
      }
      open.delete(list)
    },
  }
}

async function settleQuietly(settled: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise((resolve) => {
    timer = setTimeout(resolve, settleTimeout)
  })
  try {
    await Promise.race([settled(), deadline])
  } catch (error) {
    debug({ err: error }, 'a release did not settle')
  } finally {
    clearTimeout(timer)
  }
}
