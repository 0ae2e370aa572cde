/** Many processes that wait for each other: what is read must not grow with the square of their number. */
import { expect, test, vi } from 'vitest'
import * as fds from '../../src/proc/fds.js'
import * as status from '../../src/proc/status.js'
import { childrenOf } from '../support/osdemo.js'
import { until } from '../support/until.js'
import { ask, inCall, startC, waitOf } from '../support/why-ask.js'

const many = 300

test.runIf(process.platform === 'linux')(
  'hundreds of processes that wait for each other at one pipe are each looked at once',
  async (context) => {
    const source = `#include <sys/prctl.h>
#include <unistd.h>
int main() { char byte; int ends[2]; pipe(ends);
  for (int i = 0; i < ${many}; i++) if (fork() == 0) { prctl(PR_SET_PDEATHSIG, 9); read(ends[0], &byte, 1); }
  pause(); }`
    const parent = startC(context, 'crowd', source)
    await inCall(parent, /^pause$/)
    const pid = await until(() => childrenOf(parent).at(-1))
    await inCall(pid, /^read$/)
    const [readInfo, readStatus] = [vi.spyOn(fds, 'fdFlags'), vi.spyOn(status, 'readStatus')]
    const answer = await ask(pid)
    const wakers = waitOf(answer, pid)?.wakers
    expect(wakers).toHaveLength(many + 1)
    expect(answer.steps).not.toContain('end-others')
    // Each has two descriptors of the pipe; the rest is for what a machine runs beside.
    expect(readInfo.mock.calls.length).toBeLessThan(many * 10)
    expect(readStatus.mock.calls.length).toBeLessThan(many * 4)
  },
)
