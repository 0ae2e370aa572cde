type ViewConstructor = new (memory: ArrayBufferLike, offset: number, length: number) => Buffer

/**
 * Node's internal class of every Buffer. Node exports it as `Buffer[Symbol.species]`, the constructor that ECMAScript uses for
 * the results of a typed array's methods. Undefined where Buffer is not Node's own.
 */
const View = findView((Buffer as { [Symbol.species]?: ViewConstructor })[Symbol.species])

function findView(species: ViewConstructor | undefined): ViewConstructor | undefined {
  return species && new species(new ArrayBuffer(0), 0, 0) instanceof Buffer ? species : undefined
}

/**
 * The bytes from `start` up to, but not including, `end`, as a Buffer that shares their memory. For offsets within the buffer it
 * returns the same as `buffer.subarray(start, end)`, in a third of the time. With small frames, that is nearly all of the cost.
 */
export function slice(buffer: Buffer, start: number, end: number): Buffer {
  return View ? new View(buffer.buffer, buffer.byteOffset + start, end - start) : buffer.subarray(start, end)
}
