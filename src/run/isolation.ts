/**
 * Namespaces for a process that runs a program of another user. Inside, it is pid 1: no signal from inside reaches it, and when it is
 * killed, the kernel kills everything else in the namespace. unshare(1) of util-linux makes them, as an ordinary user too where the
 * system allows user namespaces. A container often forbids it.
 */
import { execFile } from 'node:child_process'
import { deathSignalLauncher } from './start-process.js'

/** What the process has of its own. */
export type Namespace = 'pids' | 'ipc' | 'mounts' | 'network'

export interface Isolation {
  namespaces: readonly Namespace[]
  /** The words that start the process. Without namespaces they only ask the kernel to kill it when osdemo exits. */
  launcher: readonly string[]
  /** The words that start a program inside it, without its privileges. */
  inside: readonly string[]
}

/** POSIX shared memory is in a file system, and the loopback of a new network namespace is down. */
const prepare = {
  memory: 'mount -t tmpfs tmpfs /dev/shm',
  network: 'ip link set lo up 2>/dev/null || ifconfig lo up',
  /** Newer kernels limit the pids of a namespace. Root has no other limit. */
  pids: '{ echo 1000 > /proc/sys/kernel/pid_max; } 2>/dev/null || :',
}

/** A new user namespace clears the death signal, so it comes first. */
const asRoot = ['unshare', '--user', '--map-root-user']

const ways: { namespaces: readonly Namespace[]; options: readonly string[]; setup: readonly string[] }[] = [
  {
    namespaces: ['pids', 'ipc', 'mounts', 'network'],
    options: ['--net'],
    setup: [prepare.memory, prepare.network, prepare.pids],
  },
  { namespaces: ['pids', 'ipc', 'mounts'], options: [], setup: [prepare.memory, prepare.pids] },
]

const unprivileged = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs']

let found: Promise<Isolation> | undefined

/** The strongest isolation that this system allows. It is tried once. */
export function findIsolation(): Promise<Isolation> {
  found ??= find()
  return found
}

async function find(): Promise<Isolation> {
  const leash = await deathSignalLauncher()
  for (const { namespaces, options, setup } of ways) {
    const namespace = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--ipc', ...options]
    const line = `${setup.map((command) => `${command} || exit 1`).join('; ')}; exec "$@"`
    const launcher = [...asRoot, ...leash, ...namespace, 'sh', '-c', line, 'sh']
    if (await works([...launcher, ...unprivileged, 'true']))
      return { namespaces, launcher, inside: unprivileged }
  }
  return { namespaces: [], launcher: leash, inside: [] }
}

function works([first = '', ...rest]: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(first, rest, { timeout: 5000 }, (error) => resolve(!error))
  })
}
