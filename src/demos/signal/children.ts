/** SIGCHLD of three children that exit at the same time, and a handler that reaps one of them or all. */
import { readStat } from '../../proc/stat.js'
import { quoteStatus } from '../../proc/status.js'
import type { Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import type { Receiver } from './receiver.js'

export async function showChildren(stage: Stage, receiver: Receiver): Promise<void> {
  stage.note('Three children exit while SIGCHLD is blocked, as it is while its handler runs.')
  const first = await threeExit(stage, receiver)
  const left = zombies(stage, first.children)
  stage.claim(
    'signal/one-wait-leaves-zombies',
    'Three children exited, and SIGCHLD came once. A handler that calls waitpid(2) once leaves two zombies.',
    first.runs === 1 && first.reaped === 1 && left === 2,
  )
  stage.note('Three more children exit. Now the handler calls waitpid(2) until no zombie is left.')
  const second = await threeExit(stage, receiver)
  const all = [...first.children, ...second.children]
  stage.claim(
    'signal/loop-reaps-all',
    'A handler with a loop reaps every zombie, however often SIGCHLD came.',
    second.runs === 1 && second.reaped === 5 && zombies(stage, all) === 0,
  )
}

/** Lets three children of the receiver exit. */
async function threeExit(stage: Stage, receiver: Receiver) {
  receiver.tell('next step')
  const numbers = await receiver.line(/^children (\d+) (\d+) (\d+): handler ran (\d+) times, reaped (\d+)$/)
  const [one = 0, two = 0, three = 0, runs = 0, reaped = 0] = numbers.map(Number)
  stage.evidence(
    `stdout of pid ${receiver.id}`,
    `${counted(runs, 'run')} of the handler, ${counted(reaped, 'child', 'children')} reaped`,
    'three children exited',
    { data: { runs, reaped } },
  )
  return { children: [one, two, three], runs, reaped }
}

/** How many of them the kernel still lists, each of them quoted. */
function zombies(stage: Stage, children: number[]): number {
  const left = children.filter((pid) => readStat(pid)?.state === 'Z')
  for (const pid of left)
    stage.evidence(`/proc/${pid}/status`, quoteStatus(pid, 'State') ?? '', 'the receiver has not reaped it')
  return left.length
}
