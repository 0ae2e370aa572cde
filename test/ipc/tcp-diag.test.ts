import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { acceptQueue, tcpCounts } from '../../src/ipc/tcp-diag.js'
import { readTcpTable } from '../../src/proc/net-tcp.js'
import { until } from '../support/until.js'

const [host, there] = ['127.0.0.1', '127.0.0.2']

test.runIf(process.platform === 'linux')('the kernel counts the packets of each side by itself', async () => {
  const accepted: Socket[] = []
  const server = createServer({ noDelay: true }, (socket) => accepted.push(socket.resume()))
  await new Promise<void>((resolve) => server.listen(0, there, resolve))
  // The server listens at an address with a port.
  const { port } = server.address() as AddressInfo
  const client = createConnection({ host: there, port, localAddress: host, noDelay: true })
  onTestFinished(() => {
    client.destroy()
    for (const socket of accepted) socket.destroy()
    server.close()
  })
  await until(() => accepted.length > 0 && client.localPort)
  const near = { host, port: client.localPort! }
  const far = { host: there, port }
  expect(tcpCounts(near, far)).toEqual({ packets: 0, unsent: 0 })
  client.write('hello')
  await until(() => accepted[0]!.bytesRead === 5)
  expect(tcpCounts(near, far)).toEqual({ packets: 1, unsent: 0 })
  expect(tcpCounts(far, near)).toEqual({ packets: 0, unsent: 0 })
  // No such connection.
  expect(tcpCounts(near, { host, port })).toBeUndefined()
})

test.runIf(process.platform === 'linux')('the backlog of a listener, which no other socket has', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen({ host: there, port: 0, backlog: 3 }, resolve))
  onTestFinished(() => void server.close())
  // The server listens at an address with a port.
  const { port } = server.address() as AddressInfo
  const inode = await until(
    () => readTcpTable().find(({ local }) => local.host === there && local.port === port)?.inode,
  )
  expect(acceptQueue({ host: there, port }, inode)).toEqual({ waiting: 0, backlog: 3 })
  expect(acceptQueue({ host: there, port }, inode + 1)).toBeUndefined()
  expect(acceptQueue({ host, port }, inode)).toBeUndefined()
})
