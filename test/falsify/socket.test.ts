/** The claims about sockets and frames come out false when an actor, its network library or the kernel does something else. */
import { describe, vi } from 'vitest'
import { echoDemo } from '../../src/demos/socket/echo-demo.js'
import { shortReads } from '../../src/demos/socket/short-reads.js'
import * as tcp from '../../src/ipc/tcp.js'
import * as tcpDiag from '../../src/ipc/tcp-diag.js'
import * as netTcp from '../../src/proc/net-tcp.js'
import * as services from '../../src/proc/services.js'
import * as status from '../../src/proc/status.js'
import { falsify } from '../support/falsify.js'
import { impostors, liars, playedWith } from '../support/impostors.js'
import { perform } from '../support/perform.js'

/** A setpriv that starts the actor as a child of the process that the demo has started. */
const asChild = 'case "$*" in */actors/*.cjs) shift 6; "$@"; exit;; esac; exec "$real" "$@"'

/** Has a child of the server inherit its listening socket and outlive the server. */
const leaveListener = `const net = require('node:net')
const { spawn } = require('node:child_process')
const { listen } = net.Server.prototype
net.Server.prototype.listen = function (...words) {
  this.once('listening', () => {
    const stdio = ['ignore', 'ignore', 'ignore', this._handle.fd]
    spawn('sleep', ['1000'], { stdio, detached: true }).unref()
  })
  return listen.apply(this, words)
}`

/** Has every socket of the process change a byte that it receives. */
const changeByte = `const { Socket } = require('node:net')
const { push } = Socket.prototype
Socket.prototype.push = function (chunk, ...more) {
  const at = chunk ? chunk.indexOf('hello') : -1
  if (at >= 0) chunk[at] = 0x6a
  return push.call(this, chunk, ...more)
}`

/** Has a client reset its connection instead of sending FIN, and send FIN instead of a reset. */
const swapEndings = `const { Socket } = require('node:net')
const { end } = Socket.prototype
Socket.prototype.end = function () {
  const handle = this._handle
  this._handle = null
  handle.reset(() => {})
  this.push(null)
}
Socket.prototype.resetAndDestroy = function () {
  end.call(this)
}`

/** Has a client bind a port of its own before it connects. */
const bindPort = (port: number) => `const net = require('node:net')
const { createConnection } = net
net.createConnection = (options) => createConnection({ ...options, localPort: ${port} })`

/** Has each read return only when its buffer is full, as recv(2) with MSG_WAITALL does, and reports the parts to the sender. */
const readInFull = `const net = require('node:net')
const { createConnection } = net
net.createConnection = (options) => {
  const { buffer, callback } = options.onread
  let into
  let filled = 0
  const onread = {
    buffer: () => (filled === 0 ? (into = buffer()) : into.subarray(filled)),
    callback(bytes) {
      filled += bytes
      const all = filled
      if (all === into.length) filled = 0
      else {
        const told = Buffer.alloc(4)
        told.writeUInt32BE(bytes)
        socket.write(told)
      }
      return all < into.length || callback(all)
    },
  }
  const socket = createConnection({ ...options, onread })
  return socket
}`

/** Has the sender change a letter of a frame. */
const changeFrame = `const { Socket } = require('node:net')
const { write } = Socket.prototype
Socket.prototype.write = function (chunk, ...more) {
  return write.call(this, Buffer.from(chunk.toString('latin1').replace('body', 'bode'), 'latin1'), ...more)
}`

/** What bind(2) returns, the first port that any user may bind, and whether osdemo has CAP_NET_BIND_SERVICE. */
async function lowPort(errno: string | undefined, first: number, capable: boolean) {
  vi.spyOn(tcp, 'probePort').mockResolvedValue({ port: 1023, errno })
  vi.spyOn(netTcp, 'unprivilegedPortStart').mockReturnValue(first)
  vi.spyOn(status, 'hasCapability').mockReturnValue(capable)
  return (await perform(echoDemo)).events
}

/** Plays `short-reads` on a kernel that reports another number of packets. */
async function packets(change: (packets: number, calls: number) => number) {
  const { tcpCounts } = tcpDiag
  let calls = 0
  vi.spyOn(tcpDiag, 'tcpCounts').mockImplementation((local, remote) => {
    const found = tcpCounts(local, remote)
    return found && { ...found, packets: change(found.packets, ++calls) }
  })
  return (await perform(shortReads)).events
}

describe.runIf(process.platform === 'linux')('sockets', () => {
  falsify(
    ['tcp/server-holds-listening-socket', 'tcp/connection-is-a-pair-of-sockets'],
    'the sockets belong to children of the server and the client',
    () => playedWith(impostors({ setpriv: asChild }), ['tcp-echo', 'demo']),
  )

  falsify(
    ['tcp/listener-goes-with-its-process', 'tcp/client-gets-ephemeral-port', 'frame/arrives-unchanged'],
    'a child of the server inherits the listener, and the client binds a port and changes a byte',
    () => {
      // Below the ephemeral ports, where the kernel gives none to other tests.
      const port = (netTcp.ephemeralRange()?.first ?? 0) - 1 - (process.pid % 1000)
      const client = `{ ${bindPort(port)} }\n{ ${changeByte} }`
      return playedWith(liars({ 'echo-server': leaveListener, 'echo-client': client }), ['tcp-echo', 'demo'])
    },
  )

  falsify(
    ['tcp/fin-is-end-of-file', 'tcp/reset-is-an-error'],
    'the first client resets its connection, and the second one sends FIN',
    () => playedWith(liars({ 'echo-client': swapEndings }), ['tcp-echo', 'demo']),
  )

  falsify(
    ['tcp/first-to-close-stays-in-time-wait'],
    'the kernel keeps the side of the server in TIME_WAIT',
    async () => {
      const real = netTcp.readTcpTable
      vi.spyOn(netTcp, 'readTcpTable').mockImplementation(() =>
        real().map((row) =>
          row.state === 'TIME_WAIT' ? { ...row, local: row.remote, remote: row.local } : row,
        ),
      )
      return (await perform(echoDemo)).events
    },
  )

  falsify(['tcp/port-is-free-for-all'], 'bind(2) refuses a port that the kernel lets any user bind', () =>
    lowPort('EACCES', 1023, false),
  )

  falsify(['tcp/privileged-port-is-refused'], 'bind(2) to port 1023 succeeds without the capability', () =>
    lowPort(undefined, 1024, false),
  )

  falsify(['tcp/privileged-port-needs-capability'], 'bind(2) to port 1023 fails with the capability', () =>
    lowPort('EADDRNOTAVAIL', 1024, true),
  )

  falsify(
    ['tcp/read-may-be-short', 'frame/single-reads-tear-frames', 'frame/torn-reader-loses-its-place'],
    'each read waits for all bytes that it asked for',
    () => playedWith(liars({ 'frame-reader': readInFull }), ['short-reads']),
  )

  falsify(
    ['tcp/standard-services-have-well-known-ports'],
    '/etc/services gives http another port',
    async () => {
      const text = 'ssh 22/tcp\nhttp 8080/tcp www\nhttp 80/udp\n'
      vi.spyOn(services, 'readServices').mockReturnValue(services.parseServices(text))
      return (await perform(echoDemo)).events
    },
  )

  falsify(['tcp/many-writes-share-packets'], 'the kernel makes 500 packets where it made one', () =>
    packets((number) => number * 500),
  )

  falsify(['tcp/one-write-becomes-several-packets'], 'the kernel makes one packet of any write', () =>
    packets((_, calls) => calls),
  )

  falsify(['frame/read-loop-gets-every-frame'], 'the sender changes a letter of a frame', () =>
    playedWith(liars({ 'frame-sender': changeFrame }), ['short-reads']),
  )
})
