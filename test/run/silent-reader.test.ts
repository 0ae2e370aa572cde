/** A terminal or a pipe that takes nothing more: a run ends all the same when it is asked to, and leaves nothing. */
import { expect, test } from 'vitest'
import { expectNothingLeft, newPlace, type Place, program } from '../support/osdemo.js'
import { until } from '../support/until.js'

/** Runs osdemo on a terminal that script(1) makes, and that is stopped as by Ctrl-S. Its exit code is the one of osdemo. */
function onStoppedTerminal(place: Place, words: string) {
  const stop = 'perl -MPOSIX -e "tcflow(1, TCOOFF)"'
  const line = `${stop}; exec "${process.execPath}" "${program}" ${words}`
  return place.sh(`script -qefc '${line}' /dev/null`)
}

test('on a terminal that is stopped, --timeout and SIGTERM end a run, whatever it has written', async () => {
  const lines = ['pipe demo', 'pipe read --verbose --log-level debug', 'queue matrix --json']
  const runs = lines.map((words) => {
    const place = newPlace()
    return { place, run: onStoppedTerminal(place, `${words} --timeout 2s`) }
  })
  const place = newPlace()
  const signalled = onStoppedTerminal(place, 'pipe demo')
  const osdemo = await until(() => pidOfReader(place))
  process.kill(osdemo, 'SIGTERM')
  expect(await Promise.all(runs.map(({ run }) => run.exit))).toEqual([124, 124, 124])
  expect(await signalled.exit).toBe(143)
  for (const each of [place, ...runs.map((one) => one.place)]) expectNothingLeft(each)
})

/** The pid of osdemo, once its run has a folder. */
function pidOfReader(place: Place): number | undefined {
  const [, pid] = place.leftovers().flatMap((name) => /^run-(\d+)/.exec(name) ?? [])
  return pid === undefined ? undefined : Number(pid)
}

test('when the run is over, --timeout and SIGTERM still end the wait for a pipe that is not read', async () => {
  const place = newPlace()
  // head fills the pipe.
  const line = (words: string) =>
    `{ head -c 65536 /dev/zero; osdemo ${words} & echo $! >&2; wait $!; echo exit $? >&2; } | sleep 1000`
  const timed = place.sh(line('process tree --timeout 1s'))
  const other = newPlace()
  const signalled = other.sh(line('process tree'))
  await until(() => timed.stderr().includes('exit 124'))
  process.kill(Number(signalled.stderr().trim()), 'SIGTERM')
  await until(() => signalled.stderr().includes('exit 143'))
  expect([place.leftovers(), other.leftovers()]).toEqual([[], []])
})
