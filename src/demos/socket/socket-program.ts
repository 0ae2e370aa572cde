/** The processes of the demos of sockets: a C program takes a command per line, because Node has none of these calls. */
import { unixPeer } from '../../ipc/unix-diag.js'
import { type OpenFile, openFiles } from '../../proc/fds.js'
import { isAlive } from '../../proc/stat.js'
import { compiled } from '../../run/compile.js'
import type { Stage } from '../../run/stage.js'
import { type Begun, begun } from '../shared/begun.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'

/** What a call returned, such as a new descriptor or a number of bytes. A call that succeeded has the errno 0. */
export interface Returned {
  value: number
  errno: number
  /** What the program printed behind it, such as the text that it received. */
  more: string
}

export interface SocketProcess extends Pick<LineProgram, 'id' | 'name'> {
  /** Its sockets, without those that it had when it was started. */
  sockets(): OpenFile[]
  /** Makes a call, and waits until it has returned. @throws DemoFailed where it does not return */
  call(command: string): Promise<Returned>
  /** The same for a call that may wait. */
  begin(command: string): Begun<Returned>
  /** Makes a call that returns several numbers. */
  numbers(command: string): Promise<number[]>
  /** Forks. The child gets its commands through the parent, so none while the parent waits. */
  fork(name: string): Promise<SocketProcess>
  /** Waits until it has exited. */
  exit(): Promise<void>
}

const forked = /^child fork (\d+)/

/** @param source a file in `examples`, without its ending */
export async function startSocketProcess(
  stage: Stage,
  name: string,
  source: 'unix-sockets' | 'inet-sockets' = 'unix-sockets',
): Promise<SocketProcess> {
  const words = [await compiled(source)]
  const program = await startLineProgram(stage, name, words)
  const inherited = socketsOf(program.id).map(({ ino }) => ino)
  /** Parent and child print to the same pipe; the lines of the child begin with `child`. */
  const processOf = (process: Pick<LineProgram, 'id' | 'name'>, who: string): SocketProcess => {
    const said = new RegExp(`^${who || '(?!child )'}\\w+ (-?\\d+)(?: (.*?))?: (?:ok|errno (\\d+))$`)
    const result = async () => {
      const line = await program.next(said)
      if (line === undefined) throw printedNothing(process.name, words)
      const [, value, more = '', errno = 0] = said.exec(line) ?? []
      return { value: Number(value), errno: Number(errno), more }
    }
    const call = (command: string) => {
      program.tell(who + command)
      return result()
    }
    return {
      ...process,
      sockets: () => socketsOf(process.id).filter(({ ino }) => !inherited.includes(ino)),
      call,
      begin: (command) => begun(call(command)),
      numbers: async (command) => (await call(command)).more.split(' ').map(Number),
      async fork(name) {
        program.tell('fork')
        const line = await program.next(forked)
        const id = Number(forked.exec(line ?? '')?.[1])
        if (line === undefined) throw printedNothing(name, words)
        stage.say({ event: 'started', child: id, name, kind: 'process', parent: program.id })
        return processOf({ id, name }, 'child ')
      },
      async exit() {
        program.tell(`${who}exit`)
        const { id, name } = process
        await stage.poll(() => !isAlive(id), 10_000)
        if (who) stage.say({ event: 'exited', child: id, name, kind: 'process', code: 0, signal: null })
        else await stage.poll(() => program.ending() !== undefined, 10_000)
      },
    }
  }
  return processOf(program, '')
}

export type SocketRow = {
  moment: string
  process: string
  pid: number
  fd: number
  ino: number
  /** The inode number of its peer, 0 where it is not connected; null where sock_diag(7) is not available. */
  peer: number | null
}

const socketsOf = (pid: number) => openFiles(pid).filter(({ target }) => target.startsWith('socket:'))

/** Shows the sockets of a process. */
export function showSockets(stage: Stage, { id, name, sockets }: SocketProcess, moment: string): SocketRow[] {
  const rows = sockets().map(({ fd, ino = 0 }) => {
    const found = unixPeer(ino)
    return { moment, process: name, pid: id, fd, ino, peer: found ? (found.peer ?? 0) : null }
  })
  const words = rows.map(({ fd, ino }) => `${fd} -> socket:[${ino}]`).join(', ')
  stage.evidence(`/proc/${id}/fd`, words || 'no socket', `${name}, ${moment}`, { data: rows })
  return rows
}
