/** The report of `why` as a document: its order, and that the mildest step comes first. */
import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readStat } from '../../../src/proc/stat.js'
import { makeFifo, start, temporaryFolder } from '../../support/children.js'
import { until } from '../../support/until.js'
import {
  ask,
  childNamed,
  deadlockOf,
  gone,
  inCall,
  startC,
  startPython,
  startShell,
  type,
  waitOf,
} from '../../support/why-ask.js'

describe.runIf(process.platform === 'linux')('the report of why', () => {
  test('has a headline, the chain, the evidence, the claims and then what to type', async () => {
    const line = startShell('sleep 1000 | cat')
    const cat = await childNamed(line.pid, 'cat')
    const sleep = await childNamed(line.pid, 'sleep')
    await inCall(cat, /^read$/)
    await inCall(sleep, /nanosleep/)
    const answer = await ask(cat)
    const [, ...shown] = answer.events.map((event) => (event.event === 'note' ? event.role : event.event))
    // The aside says that the output may be in a buffer.
    const told = shown.filter((kind) => kind !== 'aside')
    const order = told.filter((kind, index) => kind !== told[index - 1])
    const groups = order.slice(4, order.indexOf('claim'))
    expect(order.slice(0, 4)).toEqual(['opening', 'step', 'opening', 'step'])
    // Each piece of evidence follows the sentence that it proves.
    expect(groups.every((kind, index) => kind === (index % 2 === 0 ? 'evidence' : 'step'))).toBe(true)
    expect(order.slice(order.indexOf('claim'))).toEqual(['claim', 'opening', 'next'])
    expect(answer.headings[0]).toContain(`cat (${cat})`)
    expect(answer.headings[0]).toContain(`sleep (${sleep})`)
  })

  test('never begins with a signal that terminates a process where waiting is enough', async () => {
    const { pid } = startShell('sleep 1000; exit 0')
    await childNamed(pid, 'sleep')
    await inCall(pid, /^wait(4|id)$/)
    expect((await ask(pid)).steps).toEqual(['wait', 'end-others'])
    const { pid: sleeper } = start('sleep', ['1000'])
    await inCall(sleeper, /nanosleep/)
    expect((await ask(sleeper)).steps).toEqual(['wait', 'end-itself'])
  })

  test('begins with what lets the last process of the chain continue', async () => {
    const path = makeFifo()
    const { pid } = startShell(`cat ${path}; exit 0`)
    const cat = await childNamed(pid, 'cat')
    await inCall(pid, /^wait(4|id)$/)
    await inCall(cat, /^open(at)?$/)
    const answer = await ask(pid)
    expect(answer.steps).toEqual(['write', 'wait', 'end-others'])
    expect(answer.command).toBe(`echo hello > ${path}`)
    type(answer)
    await gone(pid)
  })

  test('proposes no waiting in a deadlock', async () => {
    const folder = temporaryFolder()
    execFileSync('mkfifo', ['a', 'b'], { cwd: folder })
    const one = startShell('exec 3>a 4<b; read line <&4; echo "$line" >&3', folder).pid
    const two = startShell('exec 3<a 4>b; read line <&3; echo "$line" >&4', folder).pid
    await Promise.all([one, two].map((pid) => inCall(pid, /^read$/)))
    const answer = await ask(one)
    expect(deadlockOf(answer)).toMatchObject({ certain: true })
    expect(answer.steps).toEqual(['write', 'write', 'end-others'])
  })

  test('proposes no signal to a zombie', async (context) => {
    const parent = startPython(
      context,
      "import subprocess, time; child = subprocess.Popen(['true']); time.sleep(1000)",
    )
    const pid = await childNamed(parent, 'true')
    await until(() => readStat(pid)?.state === 'Z')
    await inCall(parent, /nanosleep|select/)
    const answer = await ask(pid)
    expect(answer.steps).toEqual(['wait', 'end-others'])
    expect(answer.command).toBe(`kill ${parent}`)
  })

  test.for<[what: string, source: string, steps: string[]]>([
    [
      'a System V message of its type',
      `#include <sys/msg.h>
int main() { struct { long type; char text[64]; } m = { 1, "hi" }; int id = msgget(IPC_PRIVATE, 0600);
  msgsnd(id, &m, 3, 0); msgrcv(id, &m, 64, 2, 0); msgctl(id, IPC_RMID, 0); }`,
      ['send-system-v', 'remove'],
    ],
    [
      'room in a System V queue',
      `#include <sys/msg.h>
int main() { struct { long type; char text[8192]; } m = { 1 }; int id = msgget(IPC_PRIVATE, 0600);
  for (int i = 0; i < 3; i++) msgsnd(id, &m, 8192, 0); msgctl(id, IPC_RMID, 0); }`,
      ['receive-system-v', 'remove'],
    ],
    [
      'a System V semaphore',
      `#include <sys/sem.h>
int main() { int id = semget(IPC_PRIVATE, 2, 0600); struct sembuf b = { 1, -2, 0 };
  semop(id, &b, 1); semctl(id, 0, IPC_RMID); }`,
      ['add-system-v', 'remove'],
    ],
  ])('the first command provides %s', async ([, source, steps], context) => {
    const pid = startC(context, 'system-v', source)
    await inCall(pid, /^(msgrcv|msgsnd|semop|semtimedop)$/)
    const answer = await ask(pid)
    const { id, object } = waitOf(answer, pid) ?? {}
    onTestFinished(() => {
      // A program that continued has removed it itself.
      try {
        execFileSync('ipcrm', [object === 'queue' ? '-q' : '-s', `${id}`], { stdio: 'ignore' })
      } catch {}
    })
    expect(answer.steps).toEqual(steps)
    context.skip(spawnSync('perl', ['-v']).status !== 0, 'needs perl')
    type(answer)
    await gone(pid)
  })
})
