import type { Mutant } from './mutant.js'

const falsify = 'test/falsify/process-isolation.test.ts'
const file = 'src/demos/process/isolation.ts'

const registers = 'src/demos/process/switch-registers.ts'
const changed = 'test/falsify/process-registers.test.ts'

/** In what `process isolation` claims of two processes of one program, and `process switch` of their registers. */
export const isolationMutants: readonly Mutant[] = [
  {
    file,
    from: '    second.address === address && one === 1 && two === 2,\n',
    to: '    second.address === address && two === 2,\n',
    test: falsify,
    title: 'a file that both map: ',
  },
  {
    file,
    from: '    own[0] !== own[1],\n',
    to: '    own[0] > 0,\n',
    test: falsify,
    title: 'instructions that each process has changed',
  },
  {
    file,
    from: '    common[0] === common[1],\n',
    to: '    common[0] !== own[0],\n',
    test: falsify,
    title: 'instructions that each process has changed',
  },
  {
    file,
    from: "    errno === 'EPERM',\n",
    to: "    errno !== 'ESRCH',\n",
    test: falsify,
    title: 'reads its own memory',
  },
  {
    file,
    from: "    signal === 'SIGSEGV',\n",
    to: "    signal !== 'SIGKILL',\n",
    test: falsify,
    title: 'whose pointer is right',
  },
  {
    file,
    from: '    sum === 2 && number === 2 && kept === 1,\n',
    to: '    sum !== 1,\n',
    test: falsify,
    title: 'is killed too',
  },
  {
    file: 'src/proc/pagemap.ts',
    from: '(entry & present) === 0n || ',
    to: '',
    test: 'test/proc/pagemap.test.ts',
  },
  {
    file: registers,
    from: ' && before.pointers.stack === after.pointers.stack,',
    to: ',',
    test: changed,
  },
  {
    file: registers,
    from: 'areKept(keeper, before.registers.values) && areKept(keeper, after.registers.values)',
    to: 'areKept(keeper, before.registers.values)',
    test: changed,
  },
  {
    file: registers,
    from: '    found.every(({ kept }) => kept),\n',
    to: '    found.some(({ kept }) => kept),\n',
    test: changed,
  },
  {
    file: registers,
    from: 'values.every((value, at) => value === base + at + 1)',
    to: 'values.every((value) => value > 0)',
    test: changed,
  },
  {
    file: registers,
    from: "  await untilIn(stage, keeper, 'ready', 'R')\n",
    to: '',
    test: 'test/demos/process/scheduling.test.ts',
    title: 'measures one switch',
  },
]
