/**
 * What another user of the same machine may do: everything in /tmp, and whatever a careless mode permits. The victim
 * is user 65533, the attacker user 65534.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { readStat } from '../../src/proc/stat.js'
import {
  asUser,
  childrenOf,
  eventsSoFar,
  newPlace,
  temporaryFolder,
  waitingActor,
} from '../support/osdemo.js'
import { until } from '../support/until.js'

const victim = 65533
const attacker = 65534

/** The victim's runtime folder without a login session, which would provide a better one. */
const inTmp = `/tmp/osdemo-${victim}`

/** Commands of the victim. Their XDG_RUNTIME_DIR belongs to another user, so osdemo must not use it. */
function victimsPlace(context: TestContext) {
  const options = asUser(victim, context)
  const { prefix } = asUser(attacker, context)
  const place = newPlace()
  rmSync(inTmp, { recursive: true, force: true })
  onTestFinished(() => rmSync(inTmp, { recursive: true, force: true }))
  const attack = (line: string) => execFileSync(prefix[0]!, [...prefix.slice(1), 'sh', '-ec', line])
  return {
    place,
    options,
    attack,
    osdemo: (words: string[]) => place.osdemo(words, options),
    start: (line: string) => place.sh(`exec ${prefix.join(' ')} sh -c '${line}'`),
  }
}

/** A folder that belongs to a user. Only root can make one, so a test must skip before this without root. */
function folderOf(uid: number, mode: number): string {
  const folder = temporaryFolder()
  chownSync(folder, uid, uid)
  chmodSync(folder, mode)
  return folder
}

describe('a runtime folder in /tmp', () => {
  test('is made with mode 0700, and used by both terminals, when XDG_RUNTIME_DIR belongs to another user', async (context) => {
    const { osdemo } = victimsPlace(context)
    const reader = osdemo(['pipe', 'read'])
    await waitingActor(reader)
    expect(lstatSync(inTmp)).toMatchObject({ uid: victim, mode: 0o040700 })
    expect(statSync(join(inTmp, 'pipe')).mode & 0o777).toBe(0o600)
    expect(await osdemo(['pipe', 'write', 'hello']).exit).toBe(0)
    expect([await reader.exit, reader.stdout()]).toEqual([0, 'hello\n'])
  })

  test.for<[string, string, (own: string) => string]>([
    [
      'a symbolic link to a folder of the victim’s',
      'a symbolic link',
      (own: string) => `ln -s ${own} ${inTmp}`,
    ],
    ['a symbolic link that leads nowhere', 'a symbolic link', () => `ln -s /tmp/osdemo-nowhere ${inTmp}`],
    [
      'a folder of the attacker’s that is open to all',
      `a folder of user ${attacker}`,
      () => `mkdir -m 777 ${inTmp}`,
    ],
    ['a file', 'a file', () => `touch ${inTmp}; chmod 666 ${inTmp}`],
  ])('is refused when it is %s', async ([_, what, line], context) => {
    const { osdemo, attack } = victimsPlace(context)
    const own = folderOf(victim, 0o777)
    writeFileSync(join(own, 'pipe'), 'precious')
    attack(line(own))
    for (const words of [['pipe', 'read'], ['pipe', 'write', 'secret'], ['pipe', 'demo'], ['clean']]) {
      const run = osdemo(words)
      expect([words, await run.exit]).toEqual([words, 1])
      expect(run.stderr()).toContain(`osdemo: cannot use the runtime folder ${inTmp}: it is ${what}`)
      expect(run.stderr()).toContain('Set XDG_RUNTIME_DIR')
    }
    expect(readdirSync(own)).toEqual(['pipe'])
    expect(readFileSync(join(own, 'pipe'), 'utf8')).toBe('precious')
    expect(existsSync('/tmp/osdemo-nowhere')).toBe(false)
    if (lstatSync(inTmp).isDirectory()) expect(readdirSync(inTmp)).toEqual([])
  })

  test.for<[string, (path: string, his: string) => string]>([
    ['a FIFO', (path: string) => `mkfifo -m 666 ${path}`],
    [
      'a symbolic link to a FIFO',
      (path: string, his: string) => `mkfifo -m 666 ${his}/f; ln -s ${his}/f ${path}`,
    ],
  ])(
    'that was open to all users is closed; %s that the attacker has put into it gets no byte',
    async ([_, line], context) => {
      const { osdemo, attack, start } = victimsPlace(context)
      const his = folderOf(attacker, 0o755)
      mkdirSync(inTmp)
      chownSync(inTmp, victim, victim)
      chmodSync(inTmp, 0o777)
      const path = join(inTmp, 'pipe')
      attack(line(path, his))
      const listening = start(`cat ${path}`)
      const run = osdemo(['pipe', 'write', 'secret'])
      expect(await run.exit).toBe(1)
      expect(run.stderr()).toContain(`osdemo: the FIFO ${path} is not private: it has owner ${attacker}`)
      expect(lstatSync(inTmp).mode & 0o777).toBe(0o700)
      expect(listening.stdout()).toBe('')
      expect(existsSync(path)).toBe(true)
    },
  )
})

describe('a FIFO in a folder of the attacker', () => {
  test.for(['read', 'write'])(
    'that is replaced by a file of the victim between check and open is not opened: pipe %s',
    async (end, context) => {
      const { place, options } = victimsPlace(context)
      const [his, own] = [folderOf(attacker, 0o777), folderOf(victim, 0o777)]
      const [path, precious] = [join(his, 'p'), join(own, 'precious')]
      writeFileSync(precious, 'precious')
      chownSync(precious, victim, victim)
      execFileSync('mkfifo', ['-m', '666', path])
      const run = place.osdemo(['pipe', end, '--path', path, '--json'], options)
      // The supervisor has checked the path; its actor has not opened it yet.
      await until(() => eventsSoFar(run).some(({ event }) => event === 'started'))
      const [actor] = childrenOf(run.pid)
      process.kill(actor!, 'SIGSTOP')
      await until(() => readStat(actor!)?.state === 'T')
      expect(eventsSoFar(run).some(({ event }) => event === 'call')).toBe(false)
      symlinkSync(precious, join(his, 'new'))
      renameSync(join(his, 'new'), path)
      process.kill(actor!, 'SIGCONT')
      expect(await run.exit).toBe(1)
      expect(eventsSoFar(run).at(-1)).toMatchObject({
        event: 'error',
        message: expect.stringContaining('is a regular file, not a FIFO'),
      })
      expect(readFileSync(precious, 'utf8')).toBe('precious')
      expect(lstatSync(path).isSymbolicLink()).toBe(true)
    },
  )

  test('that is replaced all the time never writes a byte into the file', async (context) => {
    const { osdemo, start } = victimsPlace(context)
    const [his, own] = [folderOf(attacker, 0o777), folderOf(victim, 0o777)]
    const [path, precious] = [join(his, 'p'), join(own, 'precious')]
    writeFileSync(precious, '')
    chownSync(precious, victim, victim)
    start(
      `cd ${his}; mkfifo -m 666 f; ln -s ${precious} l; cat f & while :; do ln -f f n; mv n p; cp -P l n; mv n p; done`,
    )
    await until(() => existsSync(path))
    const runs = Array.from({ length: 8 }, () =>
      osdemo(['pipe', 'write', 'secret', '--path', path, '--timeout', '2s']),
    )
    await Promise.all(runs.map(({ exit }) => exit))
    expect(readFileSync(precious, 'utf8')).toBe('')
  })
})
