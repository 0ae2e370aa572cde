/** A server and its client over a Unix stream socket that has a path: bind(2), listen(2), connect(2), accept(2). */
import { existsSync, lstatSync } from 'node:fs'
import { constants } from 'node:os'
import { DemoFailed } from '../../errors.js'
import { fdFlags, openFiles } from '../../proc/fds.js'
import { readUnixTable } from '../../proc/net-unix.js'
import { isAlive } from '../../proc/stat.js'
import { quoteStatus } from '../../proc/status.js'
import { removeFromFolder } from '../../run/ledger.js'
import type { Demo, Stage } from '../../run/stage.js'
import { sendSignal } from '../process/send-signal.js'
import { freePath, makePrivateFile } from '../shared/private-file.js'
import { requireProc } from '../shared/require-proc.js'
import { errnoName } from './errno-name.js'
import { type SocketProcess, showSockets, startSocketProcess } from './socket-program.js'

const { EADDRINUSE, ECONNREFUSED, ENOENT, ENXIO } = constants.errno

/** The longest path that fits into struct sockaddr_un. */
const longest = 107

interface Connection {
  server: SocketProcess
  client: SocketProcess
  path: string
  /** The descriptors: the listener, the accepted socket, and that of the client. */
  fds: { listener: number; accepted: number; client: number }
}

export const socketUnix: Demo = async (stage) => {
  requireProc('socket unix')
  stage.note(
    'A Unix socket has a path, by which other processes of the machine find it. ' +
      'Watch what bind(2), connect(2), close(2) and unlink(2) do with the file.',
    'opening',
  )
  const path = freePath('socket')
  if (Buffer.byteLength(path) > longest)
    throw new DemoFailed(`the path of a socket has at most ${longest} bytes: ${path}`, {
      hint: 'Set XDG_RUNTIME_DIR to a shorter path.',
    })
  stage.scope.defer(() => {
    removeFromFolder(path)
    stage.say({ event: 'removed', kind: 'socket', id: path })
  })
  const server = await startSocketProcess(stage, 'server')
  const client = await startSocketProcess(stage, 'client')
  const connection = await showConnect(stage, server, client, path)
  await showCredentials(stage, connection)
  await showPassing(stage, connection)
  await showUnlink(stage, connection)
  await showLeftBehind(stage, connection)
  await showAbstract(stage, client)
  await client.exit()
  stage.note(
    'The file is a name for a socket, not its content: connect(2) needs it, and a connection does not. ' +
      'A server removes its file with unlink(2), or the next one cannot bind.',
    'closing',
  )
  stage.note('Next: `osdemo socket datagram` compares the kinds of sockets.', 'next')
}

/** The file that bind(2) makes, and what connect(2) needs. */
async function showConnect(
  stage: Stage,
  server: SocketProcess,
  client: SocketProcess,
  path: string,
): Promise<Connection> {
  const { value: listener } = await server.call('socket stream')
  const wasThere = existsSync(path)
  await server.call(`bind ${listener} ${path}`)
  const file = lstatSync(path, { throwIfNoEntry: false })
  const isSocket = file?.isSocket() ?? false
  stage.say({ event: 'created', kind: 'socket', id: path })
  stage.evidence('lstat(2)', isSocket ? 'a socket' : 'no socket', `the file ${path}`, { data: { isSocket } })
  stage.claim(
    'unix/bind-makes-a-file',
    'bind(2) makes a file of the type socket: it was not there before.',
    !wasThere && isSocket,
  )
  const at = { client, path }
  const opened = await client.call(`open ${path}`)
  showErrno(stage, at, 'open', opened.errno, 'after bind(2)')
  stage.claim(
    'unix/file-is-only-a-name',
    'The file is only a name: open(2) of it fails with ENXIO.',
    opened.errno === ENXIO,
  )

  const { value: own } = await client.call('socket stream')
  const early = await client.call(`connect ${own} ${path}`)
  showErrno(stage, at, 'connect', early.errno, 'before listen(2)')
  await server.call(`listen ${listener}`)
  const late = await client.call(`connect ${own} ${path}`)
  showErrno(stage, at, 'connect', late.errno, 'after listen(2)')
  stage.claim(
    'unix/connect-needs-a-listener',
    'connect(2) needs a listener: before listen(2) it failed with ECONNREFUSED, and then it succeeded.',
    early.errno === ECONNREFUSED && late.errno === 0,
  )
  const { value: accepted } = await server.call(`accept ${listener}`)
  showSockets(stage, server, 'after accept(2)')
  showSockets(stage, client, 'after accept(2)')
  const rows = readUnixTable(server.id).filter((row) => row.path === path)
  for (const row of rows)
    stage.evidence('/proc/net/unix', `${row.inode} ${row.kind}`, row.listens ? 'listens' : 'is connected', {
      data: { ...row },
    })
  stage.claim(
    'unix/accept-makes-a-socket',
    'accept(2) makes another socket of the same path: one listens, the other one is connected.',
    rows.length === 2 && rows.filter(({ listens }) => listens).length === 1,
  )
  return { server, client, path, fds: { listener, accepted, client: own } }
}

/** Shows how a call of the client ended, with what it found: whether there is a file, and a listener. */
function showErrno(
  stage: Stage,
  { client, path }: Pick<Connection, 'client' | 'path'>,
  call: string,
  errno: number,
  moment: string,
): void {
  const result = errno === 0 ? 'ok' : errnoName(errno)
  const listens = readUnixTable(client.id).some((row) => row.path === path && row.listens)
  const data = { moment, call, result, file: existsSync(path), listens }
  stage.evidence(`${call}(2) of pid ${client.id}`, result, moment, { data })
}

async function showCredentials(stage: Stage, { server, client, fds }: Connection): Promise<void> {
  const peer = await server.numbers(`peer ${fds.accepted}`)
  const self = await client.numbers('self')
  const [pid = 0, uid = 0, gid = 0] = peer
  stage.evidence('SO_PEERCRED', `pid ${pid}, uid ${uid}, gid ${gid}`, 'asked by the server', {
    data: { pid, uid, gid },
  })
  const status = [quoteStatus(client.id, 'Uid'), quoteStatus(client.id, 'Gid')]
  stage.evidence(`/proc/${client.id}/status`, status.join(', ').replaceAll('\t', ' '), "the client's own")
  stage.claim(
    'unix/kernel-names-the-client',
    'SO_PEERCRED names the client: the pid, uid and gid are the ones that the client has.',
    pid === client.id && peer.join() === self.join(),
  )
}

/** A descriptor of the client is passed to the server. */
async function showPassing(stage: Stage, { server, client, fds }: Connection): Promise<void> {
  const file = makePrivateFile(stage, 'text', 'first second')
  const { value: own } = await client.call(`open ${file}`)
  await client.call(`read ${own} 6`)
  stage.note('The client opens a file, reads 6 bytes of it, and passes its descriptor to the server.')
  await client.call(`pass ${fds.client} ${own}`)
  const { value: passed } = await server.call(`take ${fds.accepted}`)
  const look = ({ id, name }: SocketProcess, fd: number, moment: string) => {
    const found = openFiles(id).find((open) => open.fd === fd)
    const pos = fdFlags(id, fd)?.pos ?? -1
    const data = {
      process: name,
      pid: id,
      fd,
      target: found?.target ?? '',
      ino: found?.ino ?? 0,
      pos,
      moment,
    }
    stage.evidence(`/proc/${id}/fd`, `${fd} -> ${data.target}`, `${name}, offset ${pos}`, { data: [data] })
    return data
  }
  const sent = look(client, own, 'after SCM_RIGHTS')
  const got = look(server, passed, 'after SCM_RIGHTS')
  stage.claim(
    'unix/passed-descriptor-is-the-same-file',
    `SCM_RIGHTS passes a descriptor: ${own} of the client is ${passed} of the server, and the file is the same.`,
    got.target === file && sent.target === file && got.ino === sent.ino,
  )
  const { more } = await server.call(`read ${passed} 6`)
  stage.note(`The server reads "${more}".`)
  const after = look(client, own, 'after read(2)')
  look(server, passed, 'after read(2)')
  stage.claim(
    'unix/passed-descriptor-shares-offset',
    'Both have one offset: the server reads on where the client stopped, and moves the offset of the client.',
    sent.pos === 6 && more === 'second' && after.pos === 12,
  )
}

/** unlink(2) removes the name, not the connection. */
async function showUnlink(stage: Stage, connection: Connection): Promise<void> {
  const { server, client, path, fds } = connection
  stage.note('The server removes its file with unlink(2).')
  await server.call(`unlink ${path}`)
  await client.call(`send ${fds.client} hello`)
  const { more } = await server.call(`receive ${fds.accepted} 100`)
  const { value: another } = await client.call('socket stream')
  const { errno } = await client.call(`connect ${another} ${path}`)
  showErrno(stage, connection, 'connect', errno, 'after unlink(2)')
  stage.claim(
    'unix/connection-outlives-its-name',
    'A connection outlives its file: "hello" arrived after unlink(2), and only a new connect(2) fails.',
    more === 'hello' && errno === ENOENT && !existsSync(path),
  )
  await client.call(`close ${another}`)
}

/** A server that is killed leaves its file behind. */
async function showLeftBehind(stage: Stage, connection: Connection): Promise<void> {
  const { server, client, path, fds } = connection
  await server.call(`close ${fds.listener}`)
  const { value: listener } = await server.call('socket stream')
  await server.call(`bind ${listener} ${path}`)
  await server.call(`listen ${listener}`)
  stage.note('The server binds another socket to the path, and is killed.')
  sendSignal(stage, server, 'SIGKILL')
  await stage.poll(() => !isAlive(server.id))
  const { value: own } = await client.call('socket stream')
  const refused = await client.call(`connect ${own} ${path}`)
  showErrno(stage, connection, 'connect', refused.errno, 'server killed')
  stage.claim(
    'unix/file-stays-behind',
    'The file stays behind when its process is killed: connect(2) fails with ECONNREFUSED.',
    existsSync(path) && refused.errno === ECONNREFUSED,
  )
  const inUse = await client.call(`bind ${own} ${path}`)
  showErrno(stage, connection, 'bind', inUse.errno, 'before unlink(2)')
  await client.call(`unlink ${path}`)
  const bound = await client.call(`bind ${own} ${path}`)
  showErrno(stage, connection, 'bind', bound.errno, 'after unlink(2)')
  stage.claim(
    'unix/bind-needs-a-free-path',
    'bind(2) to a file that stayed behind fails with EADDRINUSE; after unlink(2) it succeeds.',
    inUse.errno === EADDRINUSE && bound.errno === 0,
  )
}

/** A name that is no file. */
async function showAbstract(stage: Stage, client: SocketProcess): Promise<void> {
  // Containers that share a network may have the same pids.
  const name = `@osdemo-${client.id}-${Date.now()}`
  const bind = async () => {
    const { value: fd } = await client.call('socket stream')
    const { errno } = await client.call(`bind ${fd} ${name}`)
    const isListed = readUnixTable(client.id).some((row) => row.path === name)
    return { fd, isBound: errno === 0 && isListed }
  }
  const first = await bind()
  stage.evidence('/proc/net/unix', first.isBound ? name : 'not listed', 'an abstract name', {
    data: { path: name, isBound: first.isBound },
  })
  await client.call(`close ${first.fd}`)
  const second = await bind()
  stage.claim(
    'unix/abstract-name-ends-with-its-socket',
    'An abstract name is no file, and ends with its socket: the next bind(2) needs no unlink(2).',
    first.isBound && second.isBound,
  )
}
