import type { Mutant } from './mutant.js'

const falsify = 'test/falsify/socket.test.ts'
const demo = 'src/demos/socket/echo-demo.ts'
const shortReads = 'src/demos/socket/short-reads.ts'

const children = { test: falsify, title: 'belong to children' }
const inherited = { test: falsify, title: 'a child of the server inherits the listener' }
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
    file: demo,
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
]
