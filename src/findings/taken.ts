/** Which processes have taken System V semaphores and not given them back. */
import type { Block, Process } from '../trace/model.js'
import { type Detector, forCalls } from './detector.js'

/** More semaphores are not followed. */
const most = 10_000

export function createTaken() {
  /** How often, by set and number. */
  const taken = new Map<string, Map<Process, number>>()

  const calls: NonNullable<Detector['calls']> = {
    ...forCalls('semop,semtimedop', ({ args, result }, process) => {
      if (result !== 0) return
      for (const { key, change } of operationsIn(args)) {
        const by = taken.get(key) ?? new Map<Process, number>()
        if (taken.size < most) taken.set(key, by)
        const rest = (by.get(process) ?? 0) - change
        if (rest > 0) by.set(process, rest)
        else by.delete(process)
      }
    }),
    semctl({ args, result }) {
      if (result === 0 && args.includes('IPC_RMID'))
        for (const key of [...taken.keys()]) if (key.startsWith(`${args[0]} `)) taken.delete(key)
    },
  }

  return {
    calls,
    /** The other processes that have what a process waits for. */
    by: ({ args, process }: Block): Process[] =>
      operationsIn(args).flatMap(({ key, change }) =>
        change < 0 ? [...(taken.get(key)?.keys() ?? [])].filter((each) => each !== process) : [],
      ),
  }
}

/** Of `[{sem_num=0, sem_op=-1, sem_flg=0}]`: which semaphore of which set, and what is added to it. */
export function operationsIn([set = '', list = '']: string[]): {
  key: string
  number: string
  change: number
}[] {
  return [...list.matchAll(/sem_num=(\d+), sem_op=(-?\d+)/g)].map(([, number = '', change]) => ({
    key: `${set} ${number}`,
    number,
    change: Number(change),
  }))
}
