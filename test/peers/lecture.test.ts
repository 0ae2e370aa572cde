/** The programs of examples/lecture in Go: each works with itself, and with the tools of osdemo in both directions. */
import { execFileSync } from 'node:child_process'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readText } from '../../src/proc/read.js'
import { connect, frame, serve, writeApart } from '../support/echo-peers.js'
import { childrenOf, newPlace, outcome, temporaryFolder, waitsForPartner } from '../support/osdemo.js'
import { buildFolder, compile, reasonToSkip, startPeer } from '../support/peers.js'
import { until } from '../support/until.js'

const built = buildFolder()
const reason = reasonToSkip(['go', 'version'])

const messages = Array.from({ length: 10 }, (_, number) => `Message ${number}\n`).join('')

describe.skipIf(process.platform !== 'linux' || reason !== '')(
  `the programs of the lecture in Go${reason}`,
  () => {
    beforeAll(() => {
      for (const name of ['shared-memory', 'named-pipe', 'echo-server']) {
        compile(['go', 'build', '-o', join(built, name), `examples/lecture/${name}.go`])
      }
    })

    test('shared-memory and osdemo shm read what the other has written under a key, and 1,024 bytes', async () => {
      const place = newPlace()
      // No other test has this key, and `osdemo shm list` of this run shows 70000 as `ipcs` does.
      const key = `${210_000_000 + process.pid}`
      onTestFinished(() => void execFileSync('sh', ['-c', `ipcrm -M ${key} 2>/dev/null || true`]))
      const go = (...words: string[]) =>
        outcome(startPeer(place, [join(built, 'shared-memory'), '-key', key, ...words]))
      const osdemo = (...words: string[]) => outcome(place.osdemo(['shm', ...words, '--key', key]))
      expect(await go('read')).toMatchObject({
        exit: 1,
        stdout: '',
        stderr: expect.stringContaining('shmget'),
      })
      expect(await go('write', 'a long text from Go')).toEqual({ exit: 0, stdout: '', stderr: '' })
      const row = () =>
        readText('/proc/sysvipc/shm')!
          .split('\n')
          .find((line) => line.trim().split(/\s+/)[0] === key)
      expect(row()!.trim().split(/\s+/).slice(2, 4)).toEqual(['600', '1024'])
      expect((await osdemo('read')).stdout).toBe('a long text from Go\n')
      expect(await go('read')).toMatchObject({ exit: 0, stdout: 'a long text from Go\n' })
      expect(await osdemo('write', 'osdemo: wörld')).toMatchObject({ exit: 0 })
      expect((await go('read')).stdout).toBe('osdemo: wörld\n')
      expect(await go('write', 'x'.repeat(1024))).toMatchObject({ exit: 1 })
      expect((await go('write', 'x'.repeat(1023))).exit).toBe(0)
      expect((await osdemo('read')).stdout).toBe(`${'x'.repeat(1023)}\n`)
      expect((await go('remove')).exit).toBe(0)
      expect(row()).toBeUndefined()
    })

    test('named-pipe and osdemo pipe carry ten messages to each other', async () => {
      const place = newPlace()
      const path = join(temporaryFolder(), 'pipe')
      const go = (...words: string[]) =>
        startPeer(place, [join(built, 'named-pipe'), '-every', '1ms', ...words])
      const osdemo = (...words: string[]) => place.osdemo(['pipe', ...words, '--path', path])

      const writer = go('write', path)
      await until(() => waitsForPartner(writer.pid))
      expect(await outcome(osdemo('read'))).toMatchObject({ exit: 0, stdout: messages })
      expect(await outcome(writer)).toMatchObject({ exit: 0, stderr: '' })

      // The writer removes the old FIFO, which has another mode, and makes a new one.
      chmodSync(path, 0o640)
      const next = go('write', path)
      await until(() => waitsForPartner(next.pid))
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(await outcome(go('read', path))).toEqual({ exit: 0, stdout: messages, stderr: '' })

      // `pipe read` waits for a writer of the old FIFO, which this one removes and makes anew.
      const ours = osdemo('read')
      await until(() => childrenOf(ours.pid).some(waitsForPartner))
      const replacing = go('write', path)
      expect(await outcome(ours)).toMatchObject({ exit: 0, stdout: messages })
      expect(await outcome(replacing)).toMatchObject({ exit: 0, stderr: '' })

      const reader = go('read', path)
      await until(() => waitsForPartner(reader.pid))
      expect(await outcome(osdemo('write', '--count', '10', '--interval', '1ms'))).toMatchObject({ exit: 0 })
      expect(await outcome(reader)).toEqual({ exit: 0, stdout: messages, stderr: '' })
    })

    test('named-pipe removes no file that is no FIFO', async () => {
      const path = join(temporaryFolder(), 'file')
      execFileSync('touch', [path])
      const run = startPeer(newPlace(), [join(built, 'named-pipe'), 'write', path])
      expect(await outcome(run)).toMatchObject({ exit: 1, stderr: expect.stringContaining(path) })
      expect(statSync(path).isFile()).toBe(true)
    })

    test('echo-server reads frames in full, answers with the body only, and logs who closed', async () => {
      const place = newPlace()
      const server = startPeer(place, [join(built, 'echo-server'), '-listen', '127.0.0.1:0'])
      const port = Number(await until(() => /^listening on 127\.0\.0\.1:(\d+)\n/.exec(server.stdout())?.[1]))
      const log = () => server.stderr().split('\n').slice(0, -1)

      const peer = await connect(port)
      const { localPort } = peer.socket
      const bytes = Buffer.concat([frame('hello'), frame(''), frame('wörld')])
      await writeApart(peer, [bytes.subarray(0, 2), bytes.subarray(2, 7), bytes.subarray(7)])
      await until(() => peer.count() === 11)
      expect(peer.received().toString()).toBe('hellowörld')
      peer.socket.end()
      await until(() => log()[0]?.includes(`:${localPort} closed the connection`))

      const partial = await connect(port)
      partial.socket.end(frame('hello').subarray(0, 6))
      await until(() => partial.closed())
      expect(partial.count()).toBe(0)
      await until(() => log()[1]?.includes('incomplete'))

      const client = (...words: string[]) =>
        outcome(place.osdemo(['tcp-echo', 'client', '--port', `${port}`, ...words]))
      const [body, pieces, wrong] = await Promise.all([
        client('--reply', 'body', 'hello', '', 'wörld'),
        client('--reply', 'body', '--chunk', '3', '--size', '300000'),
        client('hello'),
      ])
      expect(body).toMatchObject({ exit: 0, stdout: 'hello\n\nwörld\n' })
      expect(pieces.exit).toBe(0)
      expect(wrong).toMatchObject({ exit: 1, stderr: expect.stringContaining('--reply body') })
    })

    test('a client of the lecture gets from osdemo tcp-echo --reply body what its own server answers', async () => {
      const { port } = await serve(['--reply', 'body'])
      const peer = await connect(port)
      await writeApart(peer, [
        frame('hello').subarray(0, 5),
        Buffer.concat([frame('hello').subarray(5), frame('wörld')]),
      ])
      await until(() => peer.count() === 11)
      peer.socket.end()
      await until(() => peer.closed())
      expect(peer.received().toString()).toBe('hellowörld')
    })
  },
)
