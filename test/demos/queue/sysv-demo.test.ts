/** `osdemo queue demo --kind sysv`: which message each receive returns, what the kernel lists, and that nothing is left. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { readMessageQueue } from '../../../src/proc/sysvipc-msg.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { newPlace, outcome, playDemo, program } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'

test.runIf(process.platform === 'linux')(
  'a receiver chooses messages by their types, and nothing is left',
  async () => {
    const events = await playDemo(['queue', 'demo', '--kind', 'sysv'])
    expect(claimIdsOf(events)).toHaveLength(14)
    const asked = dataFrom(events, 'msgrcv(2)') as { asked: number; text: string; type: number }[]
    expect(asked.map(({ asked, text, type }) => [asked, text, type])).toEqual([
      [1, 'C', 1],
      [-2, 'E', 1],
      [0, 'A', 2],
      [2, 'D', 2],
      [3, 'B', 3],
    ])
    const rows = dataFrom(events, '/proc/sysvipc/msg') as Record<string, number>[]
    expect(rows.map(({ messages, bytes }) => [messages, bytes])).toEqual([
      [5, 5],
      [1, 1],
      [1, 14],
      [0, 0],
      [4, 64],
      [4, 64],
      [1, 1],
    ])
    const pids = only(events, 'started').map(({ child }) => child)
    expect(pids.filter((pid) => isAlive(pid))).toEqual([])
    expect(only(events, 'removed').map(({ id }) => id)).toEqual(only(events, 'created').map(({ id }) => id))
    expect(readMessageQueue(rows[0]!.id!)).toBeUndefined()

    const slide = slideOf(events)
    expect(valuesOf(slide, 'data-receive')).toEqual(['1 C', '-2 E', '0 A', '2 D', '3 B'])
    expect([valuesOf(slide, 'data-bound'), valuesOf(slide, 'data-wait')]).toEqual([['64/64'], ['9: 3']])
  },
)

test('an option for POSIX queues is exit code 2, and names what to leave out', async () => {
  const place = newPlace()
  const runs = [
    ['--capacity', '2'],
    ['--receive-every', '1s'],
    ['--send', 'blocking'],
  ].map((words) => outcome(place.osdemo(['queue', '--kind', 'sysv', ...words])))
  for (const { exit, stderr } of await Promise.all(runs))
    expect([exit, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      2,
      expect.stringMatching(/^osdemo: --[a-z-]+ does not fit --kind sysv .*leave out --kind sysv/),
    ])
})

test.runIf(process.platform === 'linux')(
  'it is not available where the limits of the kernel are too low for its messages',
  (context) => {
    const inside = ['--ipc', 'sh', '-ec']
    // Limits of the new IPC namespace only.
    const lower = (name: string, value: number) => `echo ${value} >/proc/sys/kernel/${name}`
    context.skip(spawnSync('unshare', [...inside, lower('msgmax', 15)]).status !== 0, 'needs the right to')
    for (const limit of [lower('msgmax', 15), lower('msgmnb', 63)]) {
      const words = [...inside, `${limit}; exec "$@" queue demo --kind sysv --timeout 5s`, 'sh']
      const run = spawnSync('unshare', [...words, process.execPath, program], {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: newPlace().folder },
      })
      expect(run).toMatchObject({ status: 69, stderr: expect.stringContaining('sysctl') })
    }
  },
)
