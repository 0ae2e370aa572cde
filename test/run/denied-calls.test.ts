/** The kernel refuses system calls with EPERM, as in a container with a strict seccomp filter. */
import { expect, test } from 'vitest'
import { denier } from '../support/deny.js'
import { newPlace, parseEvents, processesOf } from '../support/osdemo.js'

/** A run in which some calls are refused: its exit code, its last event, and what it printed on stderr. */
async function runDenied(words: string[], prefix: string[]) {
  const place = newPlace()
  const run = place.osdemo([...words, '--json'], { prefix })
  const exit = await run.exit
  return { place, exit, last: parseEvents(run.stdout()).at(-1), stderr: run.stderr() }
}

/** The refused calls, the command, and the system call and the errno of the error. */
const refused: [calls: string, words: string, call: string][] = [
  ['unlink,unlinkat', 'pipe demo', 'unlink'],
  ['mknod,mknodat', 'pipe demo', 'mkfifo'],
  ['kill', 'process states', 'kill'],
  ['shmget', 'shm demo', 'shmget'],
  ['mq_open', 'queue', 'mq_open'],
  ['mq_timedsend', 'queue', 'mq_send'],
  ['socket', 'tcp-echo demo', 'listen'],
  ['sched_setaffinity', 'process switch', 'sched_setaffinity'],
  ['setpriority', 'process schedule', 'setpriority'],
  ['getpriority', 'process schedule', 'uv_os_getpriority'],
]

test('a refused call that a demo needs is the error of the run, with exit code 1', async (context) => {
  const deny = denier(context)
  const seen = await Promise.all(
    refused.map(async ([calls, words]) => {
      const { place, exit, last, stderr } = await runDenied(words.split(' '), deny(calls))
      const error = last?.event === 'error' ? { call: last.call, errno: last.errno } : undefined
      return { words, exit, error, hasStack: /\n\s+at /.test(stderr), left: processesOf(place) }
    }),
  )
  expect(seen).toEqual(
    refused.map(([, words, call]) => {
      return { words, exit: 1, error: { call, errno: 'EPERM' }, hasStack: false, left: [] }
    }),
  )
})

test('a refused removal is exit code 1, and names what stays; clean removes it when it may', async (context) => {
  const deny = denier(context)
  const cases = [
    { calls: 'unlink,unlinkat', words: ['pipe', 'demo'], kind: 'fifo', call: 'unlink' },
    // glibc changes the EPERM of the kernel into EACCES.
    { calls: 'mq_unlink', words: ['queue'], kind: 'queue', call: 'mq_unlink', errno: 'EACCES' },
    { calls: 'shmctl:0', words: ['shm', 'race', '--times', '100'], kind: 'segment', call: 'shmctl' },
  ]
  await Promise.all(
    cases.map(async ({ calls, words, kind, call, errno = 'EPERM' }) => {
      const { place, exit, last } = await runDenied(words, deny(calls))
      expect({ exit, last }).toMatchObject({ exit: 1, last: { event: 'error', exit: 1, call, errno } })
      const clean = place.osdemo(['clean', '--json'])
      expect(await clean.exit).toBe(0)
      const removed = parseEvents(clean.stdout()).flatMap((event) =>
        event.event === 'removed' ? [event] : [],
      )
      expect(removed.map((event) => event.kind)).toEqual([kind])
      // The object is named by its last word, such as `segment 5`.
      const [{ id = '' } = {}] = removed
      const message = last?.event === 'error' ? last.message : ''
      expect(message).toContain(id.split(' ').at(-1))
      expect(place.leftovers()).toEqual([])
    }),
  )
})

test('a refused call that a demo can do without changes nothing', async (context) => {
  const deny = denier(context)
  const cases = [
    ['prctl', 'pipe demo'],
    ['prctl', 'process orphan'],
    ['pidfd_open,setsid', 'process zombie'],
    ['io_uring_setup,splice,membarrier', 'shm'],
    ['ptrace,process_vm_readv', 'process layout'],
  ] as const
  const seen = await Promise.all(
    cases.map(async ([calls, words]) => {
      const { exit, stderr, place } = await runDenied(words.split(' '), deny(calls))
      return { calls, exit, stderr, left: [...place.leftovers(), ...processesOf(place)] }
    }),
  )
  expect(seen).toEqual(cases.map(([calls]) => ({ calls, exit: 0, stderr: '', left: [] })))
})
