/**
 * What other users can see of a process, and what can be seen without /proc. The same probe runs each time: first as the owner, to
 * show that there is something to see, and then with each restriction.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, closeSync, openSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { readSyscall, type Syscall } from '../../src/proc/syscall.js'
import { syscallName } from '../../src/proc/syscall-names.js'
import { readWchan } from '../../src/proc/task.js'
import { start, temporaryFolder } from '../support/children.js'
import { until } from '../support/until.js'

const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
/** A prefix that runs a command with another /proc, in a mount namespace of its own. */
const withProc = (...mount: string[]) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `mount ${mount.join(' ')} /proc && exec "$@"`,
  'sh',
]
const HIDDEN = [...withProc('-t', 'proc', '-o', 'hidepid=2', 'proc'), ...NOBODY]
const MISSING = withProc('-t', 'tmpfs', 'tmpfs')

const EVERYTHING = {
  alive: true,
  nobodyAlive: false,
  stat: true,
  status: true,
  threads: true,
  waiting: true,
  syscall: true,
  wchan: true,
  files: true,
  flags: true,
  holders: true,
  tcp: true,
  ports: true,
  boot: true,
}
const NOTHING = Object.fromEntries(Object.keys(EVERYTHING).map((key) => [key, false]))

describe.runIf(process.platform === 'linux')('another process', () => {
  /** Runs the probe for a cat that is blocked in reading an empty FIFO. There is also a TCP socket to see. */
  async function look(prefix: string[], { skip }: TestContext): Promise<unknown> {
    const works = spawnSync('env', [...prefix, process.execPath, '--version'], { encoding: 'utf8' })
    skip(works.status !== 0, `needs root, namespaces and a node that any user may run: ${works.stderr}`)

    const folder = temporaryFolder()
    chmodSync(folder, 0o755)
    const probe = join(folder, 'probe.mjs')
    // Other users may have no access to the checkout, so the probe is copied.
    const entryPoints = [join(import.meta.dirname, '../support/probe.ts')]
    buildSync({ entryPoints, outfile: probe, bundle: true, platform: 'node', format: 'esm' })
    chmodSync(probe, 0o644)

    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await until(() => server.address() as AddressInfo | null)
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const fd = openSync(fifo, 'r+')
    onTestFinished(() => closeSync(fd))
    const child = start('cat', [fifo])
    const call = await until(() => inRead(child.pid))

    const args = [...prefix, process.execPath, probe, String(child.pid), String(call.args[0]), fifo]
    return JSON.parse(execFileSync('env', args, { encoding: 'utf8' }))
  }

  test('shows everything to its owner', async (context) => {
    expect(await look([], context)).toEqual(EVERYTHING)
  })

  test('shows neither files nor system calls to another user, without an error', async (context) => {
    const closed = {
      waiting: false,
      syscall: false,
      wchan: false,
      files: false,
      flags: false,
      holders: false,
    }
    expect(await look(NOBODY, context)).toEqual({ ...EVERYTHING, ...closed })
  })

  test('shows only that it is alive when hidepid hides it', async (context) => {
    expect(await look(HIDDEN, context)).toEqual({ ...NOTHING, alive: true, ports: true, boot: true })
  })

  test('shows only that it is alive when there is no /proc', async (context) => {
    expect(await look(MISSING, context)).toEqual({ ...NOTHING, alive: true })
  })
})

function inRead(pid: number): Exclude<Syscall, 'running'> | undefined {
  const call = readSyscall(pid, pid)
  const inPipe = /pipe/.test(readWchan(pid, pid) ?? '')
  return inPipe && typeof call === 'object' && syscallName(call.number) === 'read' ? call : undefined
}
