/**
 * Descriptors that connect two processes: a process creates them, and passes them on to the processes that it starts. Node has no
 * call for most of them, and its sockets belong to an event loop.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { checked, native } from './libc.js'

/** What a process reads from, and what it writes to. Both may be the same descriptor. */
export type Descriptors = [from: number, to: number]

/** The descriptors of two processes. They are closed on exec. */
export interface Connection {
  first: Descriptors
  second: Descriptors
  /** Closes the descriptors in this process. */
  close(): void
}

// Of Linux; the same on x86-64 and arm64, and for open(2), socket(2) and eventfd(2).
const CLOEXEC = 0o2000000
const AF_UNIX = 1
const AF_INET = 2
const STREAM = 1
const DATAGRAM = 2
const TCP = 6
const TCP_NODELAY = 1

/** Two pipes, one for each direction: pipe2(2). */
export function anonymousPipes(): Connection {
  const [there, back] = [pipe(), pipe()]
  return connection([back[0], there[1]], [there[0], back[1]])
}

/** A pipe of this process: what its read end and its write end are. */
export function pipe(): Descriptors {
  return pairOf((fds) => checked('pipe2', native('pipe2', 'int pipe2(void *fds, int flags)')(fds, CLOEXEC)))
}

/** Two FIFOs, one for each direction. @param paths of FIFOs that exist */
export function openFifos(paths: [there: string, back: string]): Connection {
  // Open for both, so that no open(2) waits for the other end.
  const [there, back] = paths.map((path) => openSync(path, constants.O_RDWR)) as Descriptors // `map` keeps the length.
  return connection([back, there], [there, back])
}

/** socketpair(2). */
export function socketPair(): Connection {
  const prototype = 'int socketpair(int domain, int type, int protocol, void *fds)'
  const [one, other] = pairOf((fds) =>
    checked('socketpair', native('socketpair', prototype)(AF_UNIX, STREAM | CLOEXEC, 0, fds)),
  )
  return connection([one, one], [other, other])
}

/** A stream of Unix sockets. @param path where the listener is bound; the caller removes it */
export function unixStream(path: string): Connection {
  return streams(AF_UNIX, unixAddress(path))
}

/** Unix datagram sockets. @param paths where they are bound; the caller removes them */
export function unixDatagrams(paths: [one: string, other: string]): Connection {
  return datagrams(AF_UNIX, [unixAddress(paths[0]), unixAddress(paths[1])])
}

/** A TCP connection through the loopback, in which each write is sent at once. */
export function tcpStream(): Connection {
  const made = streams(AF_INET, loopback())
  const prototype = 'int setsockopt(int fd, int level, int name, void *value, unsigned int size)'
  const yes = new Uint8Array(new Int32Array([1]).buffer)
  for (const [fd] of [made.first, made.second])
    checked('setsockopt', native('setsockopt', prototype)(fd, TCP, TCP_NODELAY, yes, yes.length))
  return made
}

/** UDP sockets on the loopback, each connected to the other. */
export function udpDatagrams(): Connection {
  return datagrams(AF_INET, [loopback(), loopback()])
}

/** Two counters of eventfd(2), one for each direction. */
export function eventCounters(): Connection {
  const make = () =>
    checked('eventfd', native('eventfd', 'int eventfd(unsigned int value, int flags)')(0, CLOEXEC))
  const [there, back] = [make(), make()]
  return connection([back, there], [there, back])
}

function connection(first: Descriptors, second: Descriptors): Connection {
  const close = () => {
    for (const fd of new Set([...first, ...second])) closeSync(fd)
  }
  return { first, second, close }
}

function pairOf(fill: (fds: Uint8Array) => void): Descriptors {
  const fds = new Int32Array(2)
  fill(new Uint8Array(fds.buffer))
  // It has two elements.
  return [fds[0]!, fds[1]!]
}

function streams(domain: number, address: Uint8Array): Connection {
  const listener = socket(domain, STREAM)
  try {
    addressed('bind', listener, address)
    checked('listen', native('listen', 'int listen(int fd, int backlog)')(listener, 1))
    const one = socket(domain, STREAM)
    addressed('connect', one, domain === AF_UNIX ? address : ownAddress(listener))
    const prototype = 'int accept4(int fd, void *address, void *size, int flags)'
    const other = checked('accept', native('accept4', prototype)(listener, null, null, CLOEXEC))
    return connection([one, one], [other, other])
  } finally {
    closeSync(listener)
  }
}

function datagrams(domain: number, addresses: [Uint8Array, Uint8Array]): Connection {
  const [one, other] = [socket(domain, DATAGRAM), socket(domain, DATAGRAM)]
  addressed('bind', one, addresses[0])
  addressed('bind', other, addresses[1])
  addressed('connect', one, domain === AF_UNIX ? addresses[1] : ownAddress(other))
  addressed('connect', other, domain === AF_UNIX ? addresses[0] : ownAddress(one))
  return connection([one, one], [other, other])
}

function socket(domain: number, type: number): number {
  const prototype = 'int socket(int domain, int type, int protocol)'
  return checked('socket', native('socket', prototype)(domain, type | CLOEXEC, 0))
}

function addressed(call: 'bind' | 'connect', fd: number, address: Uint8Array): void {
  const prototype = `int ${call}(int fd, void *address, unsigned int size)`
  checked(call, native(call, prototype)(fd, address, address.length))
}

/** struct sockaddr_un: the family and the path. */
function unixAddress(path: string): Uint8Array {
  return Buffer.concat([new Uint8Array(new Uint16Array([AF_UNIX]).buffer), Buffer.from(`${path}\0`)])
}

/** struct sockaddr_in of 127.0.0.1: the family, the port (0 is any free one), the address, 8 bytes of nothing. */
function loopback(): Uint8Array {
  const address = new Uint8Array(16)
  address.set(new Uint8Array(new Uint16Array([AF_INET]).buffer))
  address.set([127, 0, 0, 1], 4)
  return address
}

/** The address of an internet socket, with the port that the kernel chose: getsockname(2). */
function ownAddress(fd: number): Uint8Array {
  const [address, size] = [new Uint8Array(16), new Int32Array([16])]
  const prototype = 'int getsockname(int fd, void *address, void *size)'
  checked('getsockname', native('getsockname', prototype)(fd, address, new Uint8Array(size.buffer)))
  return address
}
