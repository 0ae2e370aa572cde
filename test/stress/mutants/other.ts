import type { Mutant } from './mutant.js'

const decoder = 'test/framing/decoder.test.ts'

export const otherMutants: readonly Mutant[] = [
  {
    file: 'src/framing/decoder.ts',
    from: 'if (length > size - start || length > maxLength) break',
    to: 'if (length > size - start || maxLength < 0) break',
    test: decoder,
  },
  {
    file: 'src/framing/decoder.ts',
    from: 'if (this.#length > this.#maxLength) throw',
    to: 'if (this.#length >= this.#maxLength) throw',
    test: decoder,
  },
  {
    file: 'src/framing/decoder.ts',
    from: 'if (at < size) this.#take(buffer',
    to: 'if (at < size - 1) this.#take(buffer',
    test: decoder,
  },
  {
    file: 'src/framing/encode.ts',
    from: 'frame.writeUInt32BE(length)',
    to: 'frame.writeUInt32LE(length)',
    test: 'test/framing/encode.test.ts',
  },
  {
    file: 'src/framing/encode.ts',
    from: 'Buffer.byteLength(payload) : payload.byteLength',
    to: 'payload.length : payload.byteLength',
    test: 'test/framing/encode.test.ts',
  },
  {
    file: 'src/framing/header.ts',
    from: '>>> 0',
    to: '| 0',
    test: decoder,
  },
  {
    file: 'src/replay/recording.ts',
    from: 'rest.length > longestLine',
    to: 'rest.length < 0',
    test: 'test/commands/view.test.ts',
    title: '16 MiB',
  },
  {
    file: 'src/replay/recording.ts',
    from: "else if (rest.trim() !== '') {",
    to: "else if (rest.trim() === '{') {",
    test: 'test/commands/view.test.ts',
    title: 'newline',
  },
  {
    file: 'src/replay/merge.ts',
    from: 'head.event.t < earliest.event.t',
    to: 'head.event.t > earliest.event.t',
    test: 'test/commands/view.test.ts',
    title: 'two recorded terminals',
  },
  {
    file: 'src/replay/merge.ts',
    from: 'earlier.boot !== event.boot',
    to: "earlier.boot !== event.boot && event.boot === ''",
    test: 'test/commands/view.test.ts',
    title: 'boots',
  },
  {
    file: 'src/replay/valid.ts',
    from: 'if (event.v !== 1) return',
    to: 'if (event.v === 0) return',
    test: 'test/replay/valid.test.ts',
  },
  {
    file: 'src/commands/lib/values.ts',
    from: 'return Number.parseInt(text, 8)',
    to: 'return Number.parseInt(text, 10)',
    test: 'test/demos/shm/shm.test.ts',
    title: 'octal',
  },
  {
    file: 'src/commands/lib/values.ts',
    from: 'if (milliseconds <= longest) return',
    to: 'if (milliseconds < 0 || text) return',
    test: 'test/cli.test.ts',
  },
  {
    file: 'src/errors.ts',
    from: '`, 124, { hint:',
    to: '`, 1, { hint:',
    test: 'test/cli.test.ts',
    title: 'timeout',
  },
  {
    file: 'src/proc/stat.ts',
    from: "text.lastIndexOf(')') + 2",
    to: "text.indexOf(')') + 2",
    test: 'test/proc/stat.test.ts',
  },
  {
    file: 'src/proc/stat.ts',
    from: 'startTicks: Number(field(22))',
    to: 'startTicks: Number(field(21))',
    test: 'test/proc/stat.test.ts',
  },
]
