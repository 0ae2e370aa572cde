import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { endianness } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openFiles } from '../../src/proc/fds.js'
import {
  ephemeralRange,
  parseNetTcp,
  parseNetUdp,
  readTcpTable,
  unprivilegedPortStart,
} from '../../src/proc/net-tcp.js'
import { NO_PID, start } from '../support/children.js'
import { until } from '../support/until.js'

const TCP = `\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 00000000:07E8 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 545 1 000000000011f12b 100 0 0 10 0                       
  11: 0100007F:C350 0A0B0CC0:0050 01 0000001F:00000200 01:00000014 00000000  1000        0 98765432 2 000000000011f12b 20 4 30 10 -1                 
  12: 0100007F:C351 0100007F:0050 06 00000000:00000000 03:0000176D 00000000     0        0 0 3 000000000011f12b                                      
`
const TCP6 = `\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 601 1 000000000011f12b 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:C352 08 00000000:00000000 00:00000000 00000000     0        0 602 1 000000000011f12b 20 4 30 10 -1
   2: 00000000000000000000000001000000:1F91 B80D01200000010000000000EFBE0200:FFFF 05 00000000:00000000 00:00000000 00000000     0        0 603 1 000000000011f12b 20 4 30 10 -1
`

// The recorded tables are from a little-endian machine.
describe.runIf(endianness() === 'LE')('parseNetTcp', () => {
  test('reads the addresses, queues, owners and inodes of IPv4 sockets', () => {
    expect(parseNetTcp(TCP)).toEqual([
      {
        local: { host: '0.0.0.0', port: 2024 },
        remote: { host: '0.0.0.0', port: 0 },
        state: 'LISTEN',
        txQueue: 0,
        rxQueue: 3,
        timer: 0,
        uid: 0,
        inode: 545,
      },
      {
        local: { host: '127.0.0.1', port: 50000 },
        remote: { host: '192.12.11.10', port: 80 },
        state: 'ESTABLISHED',
        txQueue: 31,
        rxQueue: 512,
        timer: 0.2,
        uid: 1000,
        inode: 98765432,
      },
      {
        local: { host: '127.0.0.1', port: 50001 },
        remote: { host: '127.0.0.1', port: 80 },
        state: 'TIME_WAIT',
        txQueue: 0,
        rxQueue: 0,
        timer: 59.97,
        uid: 0,
        inode: 0,
      },
    ])
  })

  test('writes IPv6 addresses in their short form', () => {
    const rows = parseNetTcp(TCP6).map(({ local, remote, state, inode }) => [local, remote, state, inode])
    expect(rows).toEqual([
      [{ host: '::', port: 8080 }, { host: '::', port: 0 }, 'LISTEN', 601],
      [
        { host: '::ffff:127.0.0.1', port: 8080 },
        { host: '::ffff:127.0.0.1', port: 50002 },
        'CLOSE_WAIT',
        602,
      ],
      [{ host: '::1', port: 8081 }, { host: '2001:db8:1::2:beef', port: 65535 }, 'FIN_WAIT2', 603],
    ])
  })
})

test.runIf(endianness() === 'LE')('a table of UDP sockets has what was dropped in its last column', () => {
  const udp = `\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
11035: 0100007F:DACD 00000000:0000 07 00000000:00001D40 00:00000000 00000000  1000        0 25721271 2 000000006b9662af 41
`
  expect(parseNetUdp(udp)).toMatchObject([
    { local: { host: '127.0.0.1', port: 56013 }, state: 'CLOSE', rxQueue: 7488, inode: 25721271, drops: 41 },
  ])
})

test('an empty table has no rows', () => {
  expect(parseNetTcp(TCP.split('\n')[0]!)).toEqual([])
  expect(parseNetTcp('')).toEqual([])
})

test.each([
  ['01', 'ESTABLISHED'],
  ['02', 'SYN_SENT'],
  ['03', 'SYN_RECV'],
  ['04', 'FIN_WAIT1'],
  ['05', 'FIN_WAIT2'],
  ['06', 'TIME_WAIT'],
  ['07', 'CLOSE'],
  ['08', 'CLOSE_WAIT'],
  ['09', 'LAST_ACK'],
  ['0A', 'LISTEN'],
  ['0B', 'CLOSING'],
  ['0C', 'NEW_SYN_RECV'],
  ['7F', '7F'],
])('state %s is %s', (code, state) => {
  expect(parseNetTcp(TCP.replaceAll(' 0A ', ` ${code} `))[0]?.state).toBe(state)
})

describe.runIf(process.platform === 'linux')('a real connection', () => {
  async function listen(host: string): Promise<{ server: Server; port: number; accepted: Socket[] }> {
    const accepted: Socket[] = []
    const server = createServer({ pauseOnConnect: true }, (socket) => accepted.push(socket))
    onTestFinished(() => {
      server.close()
      for (const socket of accepted) socket.destroy()
    })
    server.listen(0, host)
    await once(server, 'listening')
    return { server, port: (server.address() as AddressInfo).port, accepted }
  }

  async function connected(port: number, host: string): Promise<Socket> {
    const client = connect(port, host)
    onTestFinished(() => void client.destroy())
    await once(client, 'connect')
    return client
  }

  /** The inodes of the sockets of this process, from /proc/self/fd. */
  function ourInodes(): (number | undefined)[] {
    return openFiles(process.pid)
      .filter(({ target }) => target.startsWith('socket:'))
      .map(({ ino }) => ino)
  }

  test('is in the table with both ends, which are sockets of this process', async () => {
    const host = '127.0.0.1'
    const { port, accepted } = await listen(host)
    const client = await connected(port, host)
    await until(() => accepted[0])
    const rows = readTcpTable().filter(({ local, remote }) => local.port === port || remote.port === port)
    const here = { host, port }
    const there = { host, port: client.localPort! }
    const uid = process.getuid!()
    expect(rows).toHaveLength(3)
    expect(rows).toContainEqual(
      expect.objectContaining({ local: here, remote: { host: '0.0.0.0', port: 0 }, state: 'LISTEN', uid }),
    )
    expect(rows).toContainEqual(
      expect.objectContaining({ local: here, remote: there, state: 'ESTABLISHED', uid }),
    )
    expect(rows).toContainEqual(
      expect.objectContaining({ local: there, remote: here, state: 'ESTABLISHED', uid }),
    )
    expect(new Set(rows.map(({ inode }) => inode)).size).toBe(3)
    expect(ourInodes()).toEqual(expect.arrayContaining(rows.map(({ inode }) => inode)))
    expect(readTcpTable(process.pid)).toEqual(expect.arrayContaining(rows))
  })

  test('shows how many bytes have not been read yet', async () => {
    const { port, accepted } = await listen('127.0.0.1')
    const client = await connected(port, '127.0.0.1')
    await until(() => accepted[0])
    client.write(Buffer.alloc(1234))
    await until(() =>
      readTcpTable().some((row) => row.remote.port === client.localPort && row.rxQueue === 1234),
    )
  })

  test.for([
    ['::1', '::1'],
    ['::', '::ffff:127.0.0.1'],
  ] as const)(
    'to a server at %s has the same address in the table as in Node',
    async ([host, ours], { skip }) => {
      const listening = await listen(host).catch(() => undefined)
      if (listening === undefined) return skip('needs IPv6')
      const { port, accepted } = listening
      await connected(port, ours)
      const { remoteAddress, remotePort } = await until(() => accepted[0])
      const row = readTcpTable().find((row) => row.local.port === port && row.remote.port === remotePort)
      expect(row?.remote.host).toBe(remoteAddress)
      expect(row?.local).toEqual({ host: ours, port })
    },
  )

  test('is not in the table of another network namespace', async ({ skip }) => {
    const { status } = spawnSync('unshare', ['--net', 'true'])
    skip(status !== 0, 'needs the right to create a network namespace')
    const { port } = await listen('127.0.0.1')
    const child = start('unshare', ['--net', 'sleep', '100'])
    const ours = readlinkSync('/proc/self/ns/net')
    await until(() => readlinkSync(`/proc/${child.pid}/ns/net`) !== ours)
    expect(readTcpTable().some(({ local }) => local.port === port)).toBe(true)
    expect(readTcpTable(child.pid)).toEqual([])
  })

  test('has an ephemeral port of the range that the kernel reports', async () => {
    const { port } = await listen('127.0.0.1')
    const { first, last } = ephemeralRange()!
    expect(first).toBeGreaterThan(0)
    expect(port).toBeGreaterThanOrEqual(first)
    expect(port).toBeLessThanOrEqual(last)
    expect(last).toBeLessThan(65536)
  })

  test('to a low port needs a server with a privilege', () => {
    const start = unprivilegedPortStart()!
    expect(Number.isInteger(start)).toBe(true)
    expect(start).toBeLessThanOrEqual(65536)
  })
})

test('a process that does not exist has no table', () => {
  expect(readTcpTable(NO_PID)).toEqual([])
})
