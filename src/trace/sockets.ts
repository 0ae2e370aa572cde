/** The objects behind sockets: a connection, an address at which a server listens, or one that gets datagrams. */
import type { Target } from './descriptor.js'
import type { Registry, Thing } from './objects.js'
import { unescaped } from './scan.js'

export type Socket = Target & { kind: 'socket' }

/** Where datagrams go: to an address, or in one of the two directions of a pair. */
export interface Way {
  thing: Thing
  channel: string
}

export function createSockets({ find, numbered }: Registry) {
  const listeners = new Set<string>()
  /** Listening sockets, by the address that a client uses. */
  const servers = new Map<string, Thing>()
  /** Unix sockets that keep the borders of messages, by inode number. Only the call that makes the socket shows this. */
  const packets = new Set<string>()
  /** Unix sockets with a path that get datagrams, by inode number. */
  const bound = new Map<string, Thing>()

  function isPacket({ protocol, local, peer = '' }: Socket): boolean {
    return /UDP|DGRAM|SEQPACKET/.test(protocol) || packets.has(local) || packets.has(peer)
  }

  function of(socket: Socket): Thing | undefined {
    const { protocol, local, peer, path } = socket
    const isUnix = protocol.startsWith('UNIX')
    if (isPacket(socket)) {
      if (!isUnix) return atAddress(protocol, local)
      if (peer !== undefined) return bound.get(peer) ?? bound.get(local) ?? connection(socket)
      return path === undefined ? bound.get(local) : bind(socket, path)
    }
    if (peer !== undefined) return connection(socket)
    // strace knows only the inode number of a socket without an address.
    const address = isUnix ? path : local.includes(':') ? local : undefined
    if (address === undefined) return undefined
    return find(keyOf(socket), 'socket', nameOf(protocol), () => `${address} (listens)`)
  }

  function connection(socket: Socket): Thing | undefined {
    const { protocol, local, peer, path } = socket
    // The server has the address that a program knows before.
    const server = protocol.startsWith('UNIX') ? path : listeners.has(`${protocol} ${local}`) ? local : peer
    return find(keyOf(socket), 'socket', nameOf(protocol), () => numbered(nameOf(protocol), server))
  }

  /** The socket that gets what is sent to an address, such as `127.0.0.1:80`. */
  function atAddress(protocol: string, address: string): Thing | undefined {
    const place = placeOf(address)
    return /:[1-9]\d*$/.test(place) ? find(`udp ${place}`, 'socket', protocol, () => address) : undefined
  }

  function bind({ protocol, local }: Socket, path: string): Thing | undefined {
    const thing = find(`unix ${path}`, 'socket', nameOf(protocol), () => path)
    if (thing) bound.set(local, thing)
    return thing
  }

  return {
    of,
    isPacket,

    made(socket: Socket, keepsBorders: boolean): void {
      if (keepsBorders && socket.protocol.startsWith('UNIX')) packets.add(socket.local)
    },

    listens(socket: Socket): Thing | undefined {
      const { protocol, local, path } = socket
      listeners.add(`${protocol} ${local}`)
      const thing = of(socket)
      if (thing) servers.set(path ?? placeOf(local), thing)
      return thing
    },

    /** The listening socket at an address in the arguments of connect(2). */
    listener(address: string): Thing | undefined {
      const place = addressIn(address)
      return place === undefined
        ? undefined
        : servers.get(address.includes('sun_path') ? place : placeOf(place))
    },

    /** @param address the address in the arguments of bind(2) */
    bound(socket: Socket, address: string): void {
      const place = addressIn(address)
      if (place === undefined || !isPacket(socket)) return
      if (socket.protocol.startsWith('UNIX')) bind(socket, place)
      else atAddress(socket.protocol, place)
    },

    /** Where a datagram goes that is written. @param address an address in the arguments, if there is one */
    towards(socket: Socket, address: string): Way | undefined {
      const { protocol, peer } = socket
      const isUnix = protocol.startsWith('UNIX')
      const place = addressIn(address) ?? (isUnix ? undefined : peer)
      const thing =
        place === undefined
          ? of(socket)
          : isUnix
            ? find(`unix ${place}`, 'socket', nameOf(protocol), () => place)
            : atAddress(protocol, place)
      return thing && { thing, channel: place === undefined && peer && !bound.has(peer) ? peer : '' }
    },

    /** Where a datagram comes from that is read. */
    ofReader(socket: Socket): Way | undefined {
      const { local, peer } = socket
      const thing = bound.get(local) ?? of(socket)
      const isPair = socket.protocol.startsWith('UNIX') && peer !== undefined && !bound.has(local)
      return thing && { thing, channel: isPair ? local : '' }
    },

    /** Names the stream of bytes that a socket reads from, or writes to. */
    streamOf({ local, peer }: Socket, side: 'read' | 'write'): string | undefined {
      if (peer === undefined) return undefined
      return side === 'write' ? `${local}>${peer}` : `${peer}>${local}`
    },
  }
}

/** What is bound to every address gets what comes by loopback. */
function placeOf(address: string): string {
  return address.replace(
    /^(?:127\.[\d.]+|0\.0\.0\.0|\[::1?\]|\[::ffff:127\.[\d.]+\]|\[::ffff:0\.0\.0\.0\])(?=:\d+$)/,
    'here',
  )
}

function nameOf(protocol: string): string {
  return protocol.startsWith('UNIX') ? 'Unix socket' : protocol
}

export function keyOf({ protocol, local, peer }: Socket): string {
  return `${protocol} ${[local, peer].filter((end) => end !== undefined).sort()}`
}

/** `127.0.0.1:80`, `[::1]:80` or a path, from what strace writes for a `struct sockaddr`. */
export function addressIn(text: string): string | undefined {
  const [, port] = /sin6?_port=htons\((\d+)\)/.exec(text) ?? []
  const [, host] = /inet_addr\("([\d.]+)"\)/.exec(text) ?? []
  const [, host6] = /inet_pton\(AF_INET6, "([^"]+)"/.exec(text) ?? []
  if (port !== undefined) return host6 === undefined ? `${host}:${port}` : `[${host6}]:${port}`
  const [, path] = /sun_path=@?"((?:[^"\\]|\\.)*)"/.exec(text) ?? []
  return path === undefined ? undefined : unescaped(path)
}
