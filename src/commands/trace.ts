import { InvalidArgumentError } from '@commander-js/extra-typings'
import { traceRunning } from '../demos/trace/attach.js'
import { traceCommand, traceLog } from '../demos/trace/index.js'
import { topics } from '../demos/trace/topics.js'
import { UsageError } from '../errors.js'
import { reportCommand } from './lib/spec.js'
import { filePath, processId } from './lib/values.js'

export const spec = reportCommand({
  examples: [
    'osdemo trace -- ./a.out 1 2',
    "osdemo trace -- sh -c 'seq 9 | sort -r | head -n 3'",
    'osdemo trace --save run.html -- python3 server.py',
    'osdemo trace --only pipe,signal --timeout 5s -- ./a.out',
    'osdemo trace --pid 4711 --timeout 5s',
    'strace -f -ttt -T -yy -o log ./a.out; osdemo trace --from log',
  ],
  patient: true,
  graceful: true,
  reportsOnStderr: true,
  options: (command) =>
    command
      .usage('[options] -- command...')
      .argument('[command...]', 'the program to trace, and its arguments')
      .option('--only <topics>', `report only these: ${topics.join(', ')}`, topicList)
      .option('--all-calls', 'let strace stop at every system call, and count all of them')
      .option('--fail-on-finding', 'exit 1 where a mistake is certain')
      .option('--pid <pid>', 'trace a process that already runs, until Ctrl-C, instead', processId)
      .option('--from <file>', 'report about a log of strace -f -ttt -T -yy instead', filePath),
  demo([operands], { only, allCalls, failOnFinding: failsOnFinding, pid, from }, { payload }, command) {
    const stray = operands.slice(0, operands.length - (command?.length ?? 0))
    if (stray.length > 0)
      throw new UsageError(
        `unexpected word '${stray[0]}'`,
        'Write -- before the program: osdemo trace -- ./a.out',
      )
    const other = pid !== undefined ? '--pid' : from !== undefined ? '--from' : undefined
    if (other !== undefined && command)
      throw new UsageError(`${other} and a program exclude each other`, 'Leave out one of the two.')
    if (pid !== undefined && from !== undefined)
      throw new UsageError('--pid and --from exclude each other', 'Leave out one of the two.')
    if (pid !== undefined) return traceRunning(pid, { only, failsOnFinding, all: allCalls === true })
    if (from !== undefined) {
      if (allCalls) throw new UsageError('--from reads what the log has', 'Leave out --all-calls.')
      return traceLog(from, { only, failsOnFinding })
    }
    if (!command?.length)
      throw new UsageError('no program to trace', 'Write it after --: osdemo trace -- ./a.out')
    return traceCommand(command, { only, failsOnFinding, all: allCalls === true, stdout: payload ? 1 : 2 })
  },
})

function topicList(text: string) {
  const words = text.split(',')
  const found = topics.filter((topic) => words.includes(topic))
  if (found.length === words.length) return found
  throw new InvalidArgumentError(`It takes one or more of these: ${topics.join(', ')}.`)
}
