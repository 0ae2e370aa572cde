import type { Mutant } from './mutant.js'

const falsify = 'test/falsify/socket.test.ts'
const demo = 'src/demos/socket/echo-demo.ts'
const shortReads = 'src/demos/socket/short-reads.ts'
const services = 'src/demos/socket/show-services.ts'
const packets = 'src/demos/socket/show-packets.ts'
const echoTest = 'test/demos/socket/tcp-echo.test.ts'
const shortTest = { test: 'test/demos/socket/short-reads.test.ts' }

const endings = 'src/demos/socket/show-endings.ts'
const log = 'test/demos/socket/tcp-echo-log.test.ts'
const wrong = 'test/demos/socket/tcp-echo-wrong.test.ts'
const reply = 'test/demos/socket/tcp-echo-reply.test.ts'
const swapped = { test: falsify, title: 'the first client resets its connection' }

const children = { test: falsify, title: 'belong to children' }
const inherited = { test: falsify, title: 'a child of the server inherits the listener' }
const reported = { test: falsify, title: 'the kernel makes' }
const inFull = { test: falsify, title: 'each read waits for all bytes' }

export const socketMutants: readonly Mutant[] = [
  { file: demo, from: 'holds(server, row),', to: 'row !== undefined,', ...children },
  {
    file: demo,
    from: 'holds(client, near) && holds(server, far),',
    to: 'near !== undefined && far !== undefined,',
    ...children,
  },
  {
    file: demo,
    from: 'openFiles(actor.id)',
    to: 'openFiles(process.pid)',
    test: 'test/demos/socket/tcp-echo.test.ts',
    title: 'reports the ports that the sockets really had',
  },
  {
    file: 'src/demos/socket/tcp-rows.ts',
    from: 'address.host === host && address.port === port',
    to: 'address.port === port',
    test: 'test/demos/socket/tcp-echo.test.ts',
    title: 'is not confused by sockets of other addresses',
  },
  { file: demo, from: 'chosen >= range.first && chosen <= range.last,', to: 'chosen > 1023,', ...inherited },
  {
    file: demo,
    from: 'JSON.stringify(echoes) === JSON.stringify(messages)',
    to: 'echoes.length === messages.length',
    ...inherited,
  },
  {
    file: demo,
    from: '!readTcpTable().some((row) => row.inode === listening?.inode)',
    to: 'listening !== undefined',
    ...inherited,
  },
  {
    file: demo,
    from: 'errno === undefined,\n    )\n    return',
    to: 'true,\n    )\n    return',
    test: falsify,
    title: 'refuses a port that the kernel lets any user bind',
  },
  {
    file: demo,
    from: "errno === 'EACCES',",
    to: "errno !== 'EADDRINUSE',",
    test: falsify,
    title: 'succeeds without the capability',
  },
  {
    file: demo,
    from: 'errno === undefined,\n    )\n}',
    to: "errno !== 'EACCES',\n    )\n}",
    test: falsify,
    title: 'fails with the capability',
  },
  { file: shortReads, from: 'short !== undefined,', to: 'true,', ...inFull },
  {
    file: shortReads,
    from: 'whole === sent.length,',
    to: 'whole > 0,',
    test: falsify,
    title: 'the sender changes a letter',
  },
  { file: shortReads, from: 'torn !== undefined,', to: 'true,', ...inFull },
  { file: shortReads, from: 'lost !== undefined,', to: 'true,', ...inFull },
  {
    file: shortReads,
    from: 'readsOf(reader).map(({ result }) => result)',
    to: 'readsOf(careful).map(({ result }) => result)',
    test: 'test/demos/socket/short-reads.test.ts',
    title: 'the claims agree with the events',
  },
  {
    file: 'src/actors/frame-reader.ts',
    from: 'if (trusting) break',
    to: 'if (!trusting) break',
    test: 'test/demos/socket/short-reads.test.ts',
    title: 'the claims agree with the events',
  },
  {
    file: services,
    from: 'port === standard.get(name)',
    to: 'port < 10_000',
    test: falsify,
    title: 'gives http another port',
  },
  {
    file: services,
    from: "({ protocol }) => protocol === 'tcp'",
    to: '() => true',
    test: echoTest,
    title: 'names the ports that listen here',
  },
  {
    file: services,
    from: "({ state }) => state === 'LISTEN'",
    to: "({ state }) => state !== 'LISTEN'",
    test: echoTest,
    title: 'names the ports that listen here',
  },
  {
    file: services,
    from: 'named.length === 0',
    to: 'services.length === 0',
    test: echoTest,
    title: 'observes no names',
  },
  { file: packets, from: 'counts.packets < small.writes', to: 'counts.packets < 1e6', ...reported },
  { file: packets, from: 'counts.packets > 1', to: 'counts.packets > 0', ...reported },
  { file: packets, from: '(look()?.packets ?? 0) - before', to: '(look()?.packets ?? 0)', ...reported },
  { file: packets, from: 'if (look()) {', to: 'if (other) {', ...shortTest, title: 'where sock_diag' },
  {
    file: 'src/actors/stream-reader.ts',
    from: '  socket.pause()\n',
    to: '',
    ...shortTest,
    title: 'the packets have room',
  },
  {
    file: 'src/actors/stream-writer.ts',
    from: 'if (socket.writableLength === 0) writes++',
    to: 'writes += 2',
    ...shortTest,
    title: 'the packets have room',
  },
  {
    file: 'src/ipc/tcp-diag.ts',
    from: '[[12, local] as const, [28, remote] as const]',
    to: '[[12, remote] as const, [28, local] as const]',
    test: 'test/ipc/tcp-diag.test.ts',
  },
  {
    file: 'src/ipc/tcp-diag.ts',
    from: 'dataSegmentsOut = 156',
    to: 'dataSegmentsOut = 152',
    test: 'test/ipc/tcp-diag.test.ts',
  },
  {
    file: 'src/proc/services.ts',
    from: "line.split('#', 1)",
    to: "line.split(' #', 1)",
    test: 'test/proc/services.test.ts',
  },
  {
    file: endings,
    from: "log?.closedBy === 'peer' && log.how === 'FIN',",
    to: 'log !== undefined,',
    ...swapped,
  },
  {
    file: endings,
    from: "log?.closedBy === 'peer' && log.how === 'reset' && left.length === 0,",
    to: 'log !== undefined,',
    ...swapped,
  },
  {
    file: endings,
    from: 'kept.local.port === client,',
    to: 'kept !== undefined,',
    test: falsify,
    title: 'keeps the side of the server',
  },
  {
    file: 'src/ipc/tcp.ts',
    from: 'resolve(isSystemError(error) ? error : undefined)',
    to: 'resolve(undefined)',
    test: wrong,
    title: 'reports a reset as one',
  },
  {
    file: 'src/actors/echo-server.ts',
    from: '++nameless',
    to: 'nameless',
    test: log,
    title: 'who closed it, and how',
  },
  {
    file: 'src/actors/lib/echo-story.ts',
    from: 'if (ended) return',
    to: '',
    test: log,
    title: 'who closed it, and how',
  },
  {
    file: 'src/actors/lib/echo-check.ts',
    from: 'if (from < chunk.length) throw',
    to: 'if (from > chunk.length) throw',
    test: wrong,
    title: 'behind the last echo',
  },
  {
    file: 'src/actors/echo-client.ts',
    from: 'receiving.then(() => true), late',
    to: 'late',
    test: wrong,
    title: 'behind the last echo',
  },
  {
    file: 'src/actors/lib/echo-connection.ts',
    from: 'packed += buffer.copy(',
    to: 'packed = buffer.copy(',
    test: reply,
    title: 'sends back the body',
  },
  {
    file: 'src/actors/lib/echo-story.ts',
    from: 'bytes: length - dropped',
    to: 'bytes: length',
    test: reply,
    title: 'sends back the body',
  },
  {
    file: 'src/actors/lib/echo-check.ts',
    from: 'return length > 0 && got',
    to: 'return got',
    test: reply,
    title: 'proposes no other form',
  },
  {
    file: 'src/actors/echo-client.ts',
    from: "if (config.reply === 'body' && message.length === 0) await",
    to: "if (config.reply === 'frame' && message.length === 0) await",
    test: reply,
    title: 'understand each other',
  },
]
