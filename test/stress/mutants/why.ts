import type { Mutant } from './mutant.js'

const falsify = 'test/falsify/why.test.ts'
const why = 'src/demos/why/index.ts'

export const whyMutants: readonly Mutant[] = [
  {
    file: why,
    from: "stage.claim('why/still-blocked', text, last.key === first.key)",
    to: "stage.claim('why/still-blocked', text, last.t > first.t)",
    test: falsify,
    title: 'stopped after it was found blocked',
  },
  {
    file: why,
    from: 'before.every(({ key }, index) => key === after[index]?.key)',
    to: 'before.length === after.length',
    test: falsify,
    title: 'a process of the deadlock is stopped',
  },
  {
    file: 'src/demos/why/busy.ts',
    from: "stage.claim('why/runs-or-ready', text, ran || last.state === 'R')",
    to: "stage.claim('why/runs-or-ready', text, ran || last.state !== 'Z')",
    test: falsify,
    title: 'was runnable, got no CPU',
  },
  {
    file: why,
    from: 'ran.`, ran)',
    to: 'ran.`, true)',
    test: falsify,
    title: 'counts no time on a CPU',
  },
  {
    file: why,
    from: 'data: { before: first.switches, after: last.switches, milliseconds }',
    to: 'data: { before: last.switches, after: first.switches, milliseconds }',
    test: 'test/demos/why/why.test.ts',
    title: 'sleeps for short times',
  },
  {
    file: 'src/demos/why/busy.ts',
    from: 'const onCpu = (last.cpuTicks - first.cpuTicks) * 10',
    to: 'const onCpu = (first.cpuTicks - last.cpuTicks) * 10',
    test: 'test/demos/why/why.test.ts',
    title: 'a busy loop is not blocked',
  },
  {
    file: 'src/why/still.ts',
    from: 'before.key === last.key && before.voluntary === last.voluntary',
    to: 'before.key === last.key',
    test: 'test/demos/why/why.test.ts',
    title: 'sleeps for short times|computes and sleeps in turn',
  },
  {
    file: 'src/why/wait-graph.ts',
    from: 'if (open || (needsAll',
    to: 'if ((needsAll',
    test: 'test/demos/why/odd.test.ts',
    title: 'polls for what it sends to itself',
  },
  {
    file: 'src/demos/why/report.ts',
    from: 'account.threads.some(({ isHidden }) => isHidden)',
    to: 'account.threads.every(({ isHidden }) => !isHidden)',
    test: 'test/demos/why/why.test.ts',
    title: 'about a process of another user',
  },
  {
    file: 'src/demos/why/attach.ts',
    from: '|| kill -CONT',
    to: '|| kill -0',
    test: 'test/why/stack.test.ts',
    title: 'killed before it detaches|when osdemo is killed',
  },
  {
    file: 'src/demos/why/stack.ts',
    from: "state !== 'S' || !restarted.has(call)",
    to: "state !== 'S'",
    test: 'test/why/stack.test.ts',
    title: 'would fail after a stop',
  },
  {
    file: 'src/demos/why/repeated-calls.ts',
    from: 'count >= calls * part',
    to: 'count >= part',
    test: 'test/why/frames.test.ts',
    title: 'the calls that a loop repeats',
  },
  {
    file: 'src/demos/why/busy.ts',
    from: 'shares?.makesCalls === true && (await',
    to: 'shares?.makesCalls === false && (await',
    test: 'test/demos/why/odd.test.ts',
    title: 'the call that it repeats',
  },
  {
    file: 'src/demos/why/watch.ts',
    from: 'let told = keysOf(answer)',
    to: 'let told = keysOf(follow(createWorld(), pid))',
    test: 'test/demos/why/why.test.ts',
    title: 'between the answer and its first look',
  },
]
