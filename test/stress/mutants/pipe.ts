import type { Mutant } from './mutant.js'

const falsify = 'test/falsify/pipe.test.ts'
const demo = 'src/demos/pipe/demo.ts'
const atomic = 'src/demos/pipe/atomic.ts'
const capacity = 'src/demos/pipe/capacity.ts'
const oneMachine = 'src/demos/pipe/one-machine.ts'
const halfDuplex = 'src/demos/pipe/half-duplex.ts'

const children = { test: 'test/falsify/pipe-children.test.ts' }

/** In each of these tests, other processes open, read or write the FIFO of the demo. */
const between = { test: falsify, title: 'stands between the writer and the reader' }
const fifthWriter = { test: falsify, title: 'writes the byte of a writer all the time' }
const filled = { test: falsify, title: 'writes a byte first' }
const elsewhere = { test: falsify, title: 'cp makes a link' }
const replaced = { test: 'test/demos/pipe/replaced.test.ts' }
const crowded = { test: falsify, title: 'more to every FIFO' }

export const pipeMutants: readonly Mutant[] = [
  {
    file: 'src/demos/pipe/anonymous.ts',
    from: '!isEarly && gone === true,',
    to: 'gone === true,',
    ...children,
    title: 'the other child closes its write end',
  },
  {
    file: 'src/demos/pipe/anonymous.ts',
    from: 'ends.filter(({ pid }) => pid === other.id).length === 2,',
    to: 'ends.some(({ pid }) => pid === other.id),',
    ...children,
    title: 'the other child closes its write end',
  },
  {
    file: 'src/demos/pipe/pipeline.ts',
    from: 'return isPipe(out) && out === into',
    to: 'return isPipe(out)',
    ...children,
    title: 'the children take /dev/null for stdin',
  },
  {
    file: 'src/demos/pipe/pipeline.ts',
    from: 'kept.every(({ fd }) => fd < 2),',
    to: 'true,',
    ...children,
    title: 'the shell keeps the write ends',
  },
  {
    file: oneMachine,
    from: 'held.bytes > 0 && size === 0 && blocks === 0,',
    to: 'held.bytes > 0,',
    test: falsify,
    title: 'puts a file with bytes in its place',
  },
  {
    file: oneMachine,
    from: 'copied.ino !== ino && inCopy.bytes === 0,',
    to: 'inCopy.bytes >= 0,',
    ...elsewhere,
  },
  {
    file: oneMachine,
    from: ' && links.every(({ ours, theirs }) => ours !== theirs),',
    to: ',',
    ...elsewhere,
  },
  {
    file: oneMachine,
    from: 'blocked.length === 2 && lines.length === 1,',
    to: 'lines.length > 0,',
    ...elsewhere,
  },
  {
    file: oneMachine,
    from: 'return seen !== undefined && !over',
    to: 'return seen !== undefined',
    test: 'test/demos/pipe/one-machine.test.ts',
    title: 'may make no namespaces',
  },
  {
    file: 'src/actors/lib/open-end.ts',
    from: "if (found === 'another') {",
    to: "if (found === 'nothing') {",
    ...replaced,
  },
  {
    file: 'src/actors/lib/open-end.ts',
    from: 'known !== undefined && known !== opening.ino',
    to: 'known !== undefined && known === opening.ino',
    ...replaced,
  },
  {
    file: 'src/actors/lib/open-end.ts',
    from: 'if (goneSince === undefined || now() - goneSince < grace) continue',
    to: 'if (goneSince === undefined || now() - goneSince > grace) continue',
    ...replaced,
  },
  {
    file: 'src/actors/lib/open-end.ts',
    from: 'const longestPause = 500',
    to: 'const longestPause = 20',
    test: 'test/run/idle.test.ts',
  },
  {
    file: 'src/actors/lib/report-slow-call.ts',
    from: '    clearInterval(timer)\n    timer = undefined\n',
    to: '',
    test: 'test/run/idle.test.ts',
  },
  {
    file: 'src/actors/lib/line-taker.ts',
    from: '        finish(0)\n        left--\n',
    to: '        finish(0)\n',
    ...replaced,
    title: '--follow --max',
  },
  {
    file: 'src/demos/pipe/meeting-point.ts',
    from: "found === 'same' || !isConnected(actor)",
    to: "found === 'same' || isConnected(actor)",
    ...replaced,
    title: 'while both ends are connected',
  },
  {
    file: 'src/ipc/make-fifo.ts',
    from: 'if (!existsSync(folder)) return folder',
    to: 'if (folder === path) return folder',
    test: 'test/demos/pipe/errors.test.ts',
    title: 'names the folder on the way',
  },
  {
    file: 'src/demos/shared/claim-waiting.ts',
    from: 'stage.claim(id, claim, found !== undefined)',
    to: 'stage.claim(id, claim, true)',
    test: falsify,
    title: 'has the FIFO open before the reader comes',
  },
  {
    file: 'src/demos/shared/claim-waiting.ts',
    from: 'pid}/task/',
    to: 'process.pid}/task/',
    test: 'test/demos/pipe/pipe.test.ts',
    title: 'shows claims with evidence',
  },
  { file: demo, from: "ends[0] === 'O_RDONLY' && ends[1] === 'O_WRONLY'", to: 'true', ...between },
  {
    file: demo,
    from: 'fdFlags(actor.id, file.fd)',
    to: 'fdFlags(process.pid, file.fd)',
    test: 'test/demos/pipe/pipe.test.ts',
    title: 'shows claims with evidence',
  },
  {
    file: demo,
    from: 'JSON.stringify(got) === JSON.stringify(messages)',
    to: 'got.length === messages.length',
    ...between,
  },
  {
    file: demo,
    from: '(reader.events.find(isEndOfFile)?.t ?? 0) > closing',
    to: '(reader.events.find(isEndOfFile)?.t ?? 0) > 0',
    ...between,
  },
  {
    file: demo,
    from: '!isAlive(reader.id) && !isAlive(writer.id)',
    to: 'reader.id !== writer.id',
    test: falsify,
    title: 'the kernel still lists a process',
  },
  { file: atomic, from: '    torn === 0,', to: '    torn >= 0,', ...fifthWriter },
  { file: atomic, from: 'foreign === 0,', to: 'true,', ...fifthWriter },
  {
    file: 'src/ipc/torn-messages.ts',
    from: 'if (rest > 0 &&',
    to: 'if (rest > 1 &&',
    test: 'test/ipc/torn-messages.test.ts',
  },
  {
    file: capacity,
    from: 'bytes === capacity && held === capacity &&',
    to: 'bytes <= capacity && held <= capacity &&',
    ...filled,
  },
  { file: capacity, from: '!early && refused.bytes === 0 && ', to: '', ...filled },
  { file: capacity, from: 'ready && bytes === page,', to: 'bytes <= page,', ...filled },
  {
    file: capacity,
    from: 'held === expected && writer.events.some(isWritten)',
    to: 'held <= expected',
    ...filled,
  },
  { file: capacity, from: "held === bytes && errno === 'EAGAIN'", to: 'held >= bytes', ...filled },
  {
    file: capacity,
    from: "errno === 'EPERM',",
    to: "errno !== 'EINVAL',",
    test: falsify,
    title: 'the kernel reports a limit',
  },
  {
    file: 'src/actors/pipe-filler.ts',
    from: "if (errnoOf(error) === 'EAGAIN') return 0",
    to: "if (errnoOf(error) === 'EINTR') return 0",
    ...filled,
  },
  { file: halfDuplex, from: 'arrived === 2 * rounds && !isWrong()', to: 'arrived > 0', ...crowded },
  {
    file: halfDuplex,
    from: 'alone.length === 2 * rounds && !isWrong(),',
    to: 'alone.length <= 2 * rounds,',
    ...crowded,
  },
  {
    file: halfDuplex,
    from: "access === 'O_RDWR' && others.length === 0,",
    to: "access === 'O_RDWR',",
    ...crowded,
  },
  {
    file: 'src/actors/turn-taker.ts',
    from: 'fdFlags(process.pid, fd)',
    to: 'fdFlags(process.pid, 0)',
    test: 'test/demos/pipe/half-duplex.test.ts',
    title: 'over one FIFO',
  },
  { file: halfDuplex, from: 'own === question,', to: "own !== '',", ...crowded },
  {
    file: halfDuplex,
    from: 'asked === question && next === answer,',
    to: "asked !== '' && next !== '',",
    ...crowded,
  },
  { file: halfDuplex, from: 'right === rounds,', to: 'right <= rounds,', ...crowded },
  {
    file: halfDuplex,
    from: 'const end = bob.events.some(isEndOfFile)',
    to: 'const end = last.hasReturned()',
    ...crowded,
  },
  {
    file: halfDuplex,
    from: 'fdFlags(actor.id, fd)',
    to: 'fdFlags(alice.id, fd)',
    test: 'test/demos/pipe/half-duplex.test.ts',
    title: 'over one FIFO',
  },
]
