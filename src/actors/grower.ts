/** Obtains memory in each of the ways in which a program can, at the commands of the supervisor. */
import { allocate } from '../ipc/libc.js'
import { runActor } from './lib/runtime.js'

export interface GrowerConfig {
  /** Small allocations: how many, and of how many bytes. glibc takes pieces below 128 KiB from the heap: mallopt(3). */
  pieces: number
  piece: number
  /** A large allocation, in bytes. */
  large: number
}

/** `small` and `large` allocate, `recurse` recurses. The end of each is reported as the end of a call. */
export type GrowerWord = 'small' | 'recurse' | 'large' | 'end'

declare module '../actor-types.js' {
  interface Actors {
    grower: { config: GrowerConfig; word: GrowerWord; runsAs: 'process' }
  }
}

runActor<'grower'>(async ({ say, config: { pieces, piece, large }, nextWord }) => {
  // The first call loads the FFI library, which needs memory too. It must not count as growth.
  allocate(piece)
  say({ event: 'note', text: 'The child is ready to allocate.' })
  /** @param result the address of the last allocation, or the depth of the recursion */
  const done = (call: string, object: string, result: bigint | number) =>
    say({ event: 'call', phase: 'end', call, object, result: Number(result) })
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    if (word === 'small') {
      const addresses = Array.from({ length: pieces }, () => allocate(piece))
      // There are `pieces` addresses, and `pieces` is not 0.
      done('malloc', `${pieces} times ${piece / 1024} KiB`, addresses.at(-1)!)
    }
    if (word === 'recurse') done('recurse', 'to the largest depth that V8 allows', recurse())
    if (word === 'large') done('malloc', `${large / 2 ** 20} MiB`, allocate(large))
  }
})

/** Recurses until V8 allows no more calls: its frames may use 984 KiB of stack. @returns the depth */
function recurse(): number {
  let depth = 0
  const deeper = (): void => {
    depth++
    deeper()
  }
  try {
    deeper()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return depth
}
