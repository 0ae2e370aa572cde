/** Takes memory in each of the ways in which a program does, when the supervisor says so. */
import { allocate } from '../ipc/libc.js'
import { runActor } from './lib/runtime.js'

export interface GrowerConfig {
  /** Small allocations: how many, and of how many bytes. The C library takes less than 128 KiB from the heap. */
  pieces: number
  piece: number
  /** A large allocation, in bytes. */
  large: number
}

/** `small` and `large` allocate, `recurse` calls itself. When it is done it says so, as the end of a call. */
export type GrowerWord = 'small' | 'recurse' | 'large' | 'end'

declare module '../actor-types.js' {
  interface Actors {
    grower: { config: GrowerConfig; word: GrowerWord; runsAs: 'process' }
  }
}

runActor<'grower'>(async ({ say, config: { pieces, piece, large }, nextWord }) => {
  // The first call of the C library loads what makes it, and that takes memory too.
  allocate(piece)
  say({ event: 'note', text: `I have my own memory now (pid ${process.pid})` })
  /** @param result the address of what was allocated last, or how deep the recursion was */
  const done = (call: string, object: string, result: bigint | number) =>
    say({ event: 'call', phase: 'end', call, object, result: Number(result) })
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    if (word === 'small') {
      const addresses = Array.from({ length: pieces }, () => allocate(piece))
      // There are `pieces` of them.
      done('malloc', `${piece} bytes, ${pieces} times, the last`, addresses.at(-1)!)
    }
    if (word === 'recurse') done('recurse', 'until the engine allows no more calls, and back;', recurse())
    if (word === 'large') done('malloc', `${large} bytes, once`, allocate(large))
  }
})

/** Each call has a frame of its own on the stack, until it returns. V8 lets the frames have 984 KiB. @returns how many there were */
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
