/** Opens one end of the FIFO at a path, also when another process replaces the FIFO while open(2) waits for the other end. */
import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { DemoFailed, OsdemoError } from '../../errors.js'
import { now, type Say } from '../../events.js'
import { beginOpen, type End, type Opening } from '../../ipc/fifo.js'

/** Milliseconds between two looks while open(2) waits: at first this, then twice as many, up to the longest pause. */
const firstPause = 20
const longestPause = 500

/** How long nothing may be at the path, in microseconds: a program that replaces a FIFO removes it first. */
const grace = 1_000_000

export interface EndConfig {
  path: string
  /** The name of the FIFO in events. Left out, `FIFO PATH`. */
  label?: string
  /** The FIFO must belong to this user, and other users must not be able to open it. */
  ours: boolean
}

export interface EndHooks {
  /**
   * Whether another process came to the FIFO before this one left it. Its open(2) may have returned long before this process has
   * noticed. `over` when no end is needed any more.
   */
  isUsed(fd: number): Promise<boolean | 'over'>
  /** Called now and then while open(2) waits. When it returns false, no end is needed any more. */
  look?(): Promise<boolean>
  /** The path leads to another FIFO than last time. */
  onReplaced?(): void
}

/**
 * Returns a function that opens the end, each time from the beginning. It returns undefined when `look` needs no end any more.
 * It throws DemoFailed when another process has removed the FIFO.
 */
export function createOpener(
  say: Say,
  { path, label, ours }: EndConfig,
  end: End,
  { isUsed, look, onReplaced }: EndHooks,
): () => Promise<number | undefined> {
  const object = `${label ?? `FIFO ${path}`} for ${end}`
  let known: number | undefined

  return async () => {
    for (;;) {
      say({ event: 'call', phase: 'begin', call: 'open', object })
      const opening = await begin()
      if (known !== undefined && known !== opening.ino) {
        // What is left of the old FIFO comes first.
        if (look && !(await look())) return leave(opening)
        const text = `Another process replaced the FIFO ${path}. This process now opens the new one.`
        say({ event: 'note', text, role: 'next', data: { before: known, now: opening.ino ?? null } })
        onReplaced?.()
      }
      known = opening.ino
      const result = await wait(opening)
      if (result === 'over') return undefined
      if (result === 'replaced') continue
      say({ event: 'call', phase: 'end', call: 'open', object, result })
      return result
    }
  }

  async function leave(opening: Opening): Promise<undefined> {
    close(await opening.giveUp())
  }

  function close(fd: number): void {
    closeSync(fd)
    say({ event: 'call', phase: 'end', call: 'open', object })
  }

  /** Begins to open the FIFO, and gives another process a moment to make it. */
  async function begin(): Promise<Opening> {
    for (const deadline = now() + grace; ; ) {
      try {
        return await beginOpen(path, end, ours)
      } catch (error) {
        if (!(error instanceof OsdemoError && error.errno === 'ENOENT')) throw error
        if (now() > deadline) throw removed(path)
        await sleep(firstPause)
      }
    }
  }

  async function wait(opening: Opening): Promise<number | 'over' | 'replaced'> {
    let goneSince: number | undefined
    for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
      // The timer does not keep this process alive; open(2) does.
      const fd = await Promise.race([opening.opened, sleep(pause, undefined, { ref: false })])
      if (fd !== undefined) return fd
      const found = opening.atPath()
      // After the look at the path: what a writer sent before the FIFO was replaced is read before this process leaves it.
      if (look && !(await look())) {
        await leave(opening)
        return 'over'
      }
      if (found === 'another') {
        // To leave the old FIFO, this process has to open the other end, which it may not do here.
        const left = await opening.giveUp().catch(() => {
          throw new DemoFailed(`another process replaced the FIFO ${path}`, {
            hint: 'Run the command again.',
          })
        })
        const used = await isUsed(left)
        if (used === true) return left
        close(left)
        return used === 'over' ? used : 'replaced'
      }
      goneSince = found === 'nothing' ? (goneSince ?? now()) : undefined
      if (goneSince === undefined || now() - goneSince < grace) continue
      // Where this fails, open(2) continues to wait, and the supervisor ends this process because of the error.
      await opening.giveUp().catch(() => {})
      throw removed(path)
    }
  }
}

function removed(path: string): DemoFailed {
  return new DemoFailed(`another process removed the FIFO ${path}`, {
    hint: 'Run the command again: it makes the FIFO again.',
  })
}
