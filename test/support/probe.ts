/**
 * What another program reads about process PID, its descriptor FD and its file PATH. elsewhere.test.ts runs it; it
 * prints JSON.
 */
import { statSync } from 'node:fs'
import { bootId } from '../../src/proc/boot.js'
import { fdFlags, holders, openFiles } from '../../src/proc/fds.js'
import { ephemeralRange, readTcpTable, unprivilegedPortStart } from '../../src/proc/net-tcp.js'
import { isAlive, readStat } from '../../src/proc/stat.js'
import { readStatus } from '../../src/proc/status.js'
import { readSyscall } from '../../src/proc/syscall.js'
import { readWchan, threads, waitingThreads } from '../../src/proc/task.js'

const pid = Number(process.argv[2])
const fd = Number(process.argv[3])
const path = process.argv[4]!
const { ino } = statSync(path)

const seen = {
  alive: isAlive(pid),
  nobodyAlive: isAlive(2 ** 22 + 1),
  stat: readStat(pid)?.pid === pid,
  status: readStatus(pid)?.tgid === pid,
  threads: threads(pid).length > 0,
  waiting: waitingThreads(pid).some(({ syscall, wchan }) => syscall !== undefined || wchan !== undefined),
  syscall: readSyscall(pid, pid) !== undefined,
  wchan: readWchan(pid, pid) !== undefined,
  files: openFiles(pid).length > 0,
  flags: fdFlags(pid, fd) !== undefined,
  holders: holders(path, ino).some((holder) => holder.pid === pid),
  tcp: readTcpTable(pid).length > 0,
  ports: ephemeralRange() !== undefined && unprivilegedPortStart() !== undefined,
  boot: bootId() !== '',
}
process.stdout.write(JSON.stringify(seen))
