/** `osdemo socket udp`, `osdemo socket listen`, and their C program, whose sockets ss(8) lists as osdemo reads them. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { numberIn } from '../../../src/events.js'
import { readUdpTable } from '../../../src/proc/net-tcp.js'
import { isAlive } from '../../../src/proc/stat.js'
import { start } from '../../support/children.js'
import { cc, noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { temporaryFolder } from '../../support/folders.js'
import { newPlace, parseEvents, placeOfNobody, playDemo } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'
import { until } from '../../support/until.js'

const [noSs, whyNoSs] = [spawnSync('ss', ['-V']).error !== undefined, 'needs ss of iproute2'] as const

/** Twenty servers that have exited, at ports that bind(2) offers again. Their clients closed first, and are in TIME_WAIT. */
const leaveClients = `import socket
for i in range(20):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('127.0.0.1', 0))
    s.listen(1)
    c = socket.create_connection(s.getsockname())
    a, _ = s.accept()
    c.close()
    a.recv(1)
    a.close()
    s.close()`

describe.skipIf(noCompiler)(`TCP and UDP sockets${whyNoCompiler}`, () => {
  test('udp: what was sent was received or dropped, and no process is left', async () => {
    const events = await playDemo(['socket', 'udp'])
    const told = (name: string) => only(events, 'evidence').flatMap(({ data }) => numberIn(data, name) ?? [])
    const [[sent], [received], [drops = 0]] = [told('complete'), told('received'), told('drops')]
    expect(sent).toBe(50)
    expect(received).toBe(50 - drops)
    expect(claimIdsOf(events)).toHaveLength(9)
    const processes = only(events, 'started').map(({ child }) => child)
    expect(processes).toHaveLength(2)
    expect(processes.filter((pid) => isAlive(pid))).toEqual([])
    const boxes = valuesOf(slideOf(events), 'data-datagram')
    expect(boxes.filter((box) => box.endsWith('dropped'))).toHaveLength(drops)
    expect(boxes).toHaveLength(50)
  })

  test('listen: the states of both sockets at each moment, and ss(8) lists what is left', async (context) => {
    const events = await playDemo(['socket', 'listen'])
    const rows = dataFrom(events, '/proc/net/tcp') as Record<string, unknown>[]
    const at = (wanted: string) =>
      rows
        .filter(({ moment }) => moment === wanted)
        .map(({ side, state, rxQueue }) => `${side} ${state} ${rxQueue}`)
        .sort()
    expect(at('before accept(2)')).toEqual([
      'client ESTABLISHED 0',
      'listener LISTEN 1',
      'server ESTABLISHED 5',
    ])
    expect(at('one more client')).toEqual(['client SYN_SENT 0', 'listener LISTEN 2'])
    expect(at('client closes')).toContainEqual(expect.stringMatching(/^server CLOSE_WAIT/))
    expect(at('server closes too')).toEqual(['client TIME_WAIT 0'])
    expect(at('both closed, server first')).toEqual(['server TIME_WAIT 0'])
    expect(claimIdsOf(events)).toHaveLength(13)
    const tried = only(events, 'evidence').flatMap(({ data }) => numberIn(data, 'seconds') ?? [])
    expect(tried[0]).toBeGreaterThan(0.5)
    const processes = only(events, 'started').map(({ child }) => child)
    expect(processes).toHaveLength(3)
    expect(processes.filter((pid) => isAlive(pid))).toEqual([])
    expect(valuesOf(slideOf(events), 'data-socket')).toEqual(
      expect.arrayContaining(['SYN_SENT', 'EADDRINUSE']),
    )

    context.skip(noSs, whyNoSs)
    const { localPort } = rows.find(({ moment }) => moment === 'both closed, server first') ?? {}
    const ss = (filter: string) => spawnSync('ss', ['-tanH', filter], { encoding: 'utf8' }).stdout.trim()
    expect(ss(`sport = :${localPort}`)).toMatch(/^TIME-WAIT\s.*$/)
  })

  test('listen: connections in TIME_WAIT that others left at the same ports do not disturb', async (context) => {
    const setUp = "ip link set lo up; echo '40000 40031' > /proc/sys/net/ipv4/ip_local_port_range"
    const inside = (script: string) => ['unshare', '--net', 'sh', '-ec', script, 'sh']
    const mayStart = spawnSync('env', inside(`python3 -V; ${setUp}`)).status === 0
    context.skip(!mayStart, 'needs python3 and the right to a network namespace')
    const prefix = inside(`${setUp}; python3 -c "${leaveClients}"; exec "$@"`)
    const run = newPlace().osdemo(['socket', 'listen', '--json'], { prefix })
    expect({ code: await run.exit, stderr: run.stderr() }).toEqual({ code: 0, stderr: '' })
    const rows = dataFrom(parseEvents(run.stdout()), '/proc/net/tcp') as Record<string, unknown>[]
    expect(rows.filter(({ moment }) => moment === 'before accept(2)')).toHaveLength(3)
  })

  test('an ordinary user sees the same', async (context) => {
    const { place, options } = placeOfNobody(context)
    const env = { XDG_CACHE_HOME: place.folder }
    const play = (member: string) => place.osdemo(['socket', member, '--quiet'], { ...options, env }).exit
    expect(await Promise.all([play('udp'), play('listen')])).toEqual([0, 0])
  })

  test('ss(8) counts the same drops', async (context) => {
    context.skip(noSs, whyNoSs)
    const program = startProgram()
    const fd = await program.call('udp')
    await program.call(`buffers ${fd} 4096`)
    const port = await program.call(`bind ${fd} 0`)
    const sender = await program.call('udp')
    await program.call(`sendto ${sender} ${port} 100 50`)
    const isOurs = ({ local }: { local: { host: string; port: number } }) =>
      local.host === '127.0.0.1' && local.port === port
    const { drops, rxQueue } = await until(() => readUdpTable().find((row) => isOurs(row) && row.drops > 0))
    const { stdout } = spawnSync('ss', ['-uanm', `sport = :${port}`], { encoding: 'utf8' })
    expect(stdout).toMatch(new RegExp(`skmem:\\(r${rxQueue},rb8192,.*,d${drops}\\)`))
  })
})

/** The program, whose calls return a number. */
function startProgram() {
  const path = join(temporaryFolder(), 'inet-sockets')
  const words = ['-Wall', '-Wextra', '-Werror', '-o', path, 'examples/inet-sockets.c']
  expect(spawnSync(cc, words, { encoding: 'utf8' }).stderr).toBe('')
  const child = start(path, [], 'pipe')
  let output = ''
  child.stdout?.on('data', (bytes) => {
    output += bytes
  })
  return {
    async call(line: string): Promise<number> {
      output = ''
      child.stdin?.write(`${line}\n`)
      return Number((await until(() => /^\w+ (-?\d+).*\n/.exec(output)))[1])
    },
  }
}
