/** Two connected Unix sockets between a parent and its child: socketpair(2). */
import { constants } from 'node:os'
import { accessMode, fdFlags } from '../../proc/fds.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { errnoName } from './errno-name.js'
import { type SocketProcess, showSockets, startSocketProcess } from './socket-program.js'

export const socketPair: Demo = async (stage) => {
  requireProc('socket pair')
  stage.note(
    'A pair of sockets connects two processes, and each socket sends and receives. ' +
      'Watch what one descriptor can do, and when end of file comes.',
    'opening',
  )
  const parent = await startSocketProcess(stage, 'parent')
  const [own = -1, other = -1] = await parent.numbers('pair stream')
  const made = showSockets(stage, parent, 'after socketpair(2)')
  const [one, two] = made
  if (made.some(({ peer }) => peer === null))
    stage.note('Not observed: which sockets are connected, because sock_diag(7) is not available.', 'aside')
  else {
    const text = made.map(({ ino, peer }) => `${ino}'s peer is ${peer}`).join(', ')
    stage.evidence('sock_diag(7)', text, '', { data: made })
    stage.claim(
      'pair/sockets-are-each-others-peer',
      `socketpair(2) makes two sockets, and each is the peer of the other: descriptors ${own} and ${other}.`,
      made.length === 2 && one?.ino !== two?.ino && one?.peer === two?.ino && two?.peer === one?.ino,
    )
  }

  const child = await parent.fork('child')
  stage.note('The parent has forked, and each process closes the socket of the other one.')
  await parent.call(`close ${other}`)
  await child.call(`close ${own}`)
  showSockets(stage, parent, 'after fork(2) and close(2)')
  showSockets(stage, child, 'after fork(2) and close(2)')
  await showDirections(stage, parent, child, own, other)
  await showCredentials(stage, parent, child, own, other)

  stage.note('The child calls shutdown(2): it will not send again.')
  await child.call(`shutdown ${other}`)
  const ended = await parent.call(`receive ${own} 100`)
  await parent.call(`send ${own} still here`)
  const answer = await child.call(`receive ${other} 100`)
  showReceived(stage, parent, ended.value, 'end of file')
  showReceived(stage, child, answer.value, answer.more)
  stage.claim(
    'pair/shutdown-ends-one-direction',
    'shutdown(2) ends one direction: the parent reads end of file, and can still send to the child.',
    ended.value === 0 && ended.errno === 0 && answer.more === 'still here',
  )
  await showEnd(stage, parent, child, own, other)
  await child.exit()
  await parent.exit()
  stage.note(
    'A pair of sockets does the work of two pipes. ' +
      'The kernel counts the descriptors of each socket, and the last close(2) ends the connection.',
    'closing',
  )
  stage.note('Next: `osdemo pipe anonymous` shows the same with a pipe, which has one direction.', 'next')
}

/** What recvmsg(2) returned. */
function showReceived(stage: Stage, { name, id }: SocketProcess, bytes: number, text: string): void {
  const data = { process: name, pid: id, bytes, text }
  stage.evidence(`recvmsg(2) of pid ${id}`, `${bytes} bytes`, `${name}: ${text}`, { data })
}

/** One descriptor sends and receives. A pipe has a descriptor for each. */
async function showDirections(
  stage: Stage,
  parent: SocketProcess,
  child: SocketProcess,
  own: number,
  other: number,
): Promise<void> {
  await parent.call(`send ${own} hello`)
  const hello = await child.call(`receive ${other} 100`)
  await child.call(`send ${other} answer`)
  const answer = await parent.call(`receive ${own} 100`)
  showReceived(stage, child, hello.value, hello.more)
  showReceived(stage, parent, answer.value, answer.more)
  const mode = accessMode(fdFlags(parent.id, own)?.flags ?? Number.NaN)
  stage.evidence(`/proc/${parent.id}/fdinfo/${own}`, mode ?? 'no flags', 'the socket of the parent', {
    data: { mode: mode ?? null },
  })
  stage.claim(
    'pair/descriptor-carries-both-directions',
    `One descriptor carries both directions: the parent sent and received with descriptor ${own}.`,
    hello.more === 'hello' && answer.more === 'answer' && mode === 'O_RDWR',
  )
  const [reading = -1, writing = -1] = await parent.numbers('pipe')
  const { errno } = await parent.call(`write ${reading} hello`)
  const forward = await parent.call(`write ${writing} hello`)
  stage.evidence(`write(2) of pid ${parent.id}`, errnoName(errno), `to the read end of a pipe, ${reading}`, {
    data: { errno },
  })
  stage.claim(
    'pair/pipe-has-one-direction',
    'A pipe has one direction: its write end takes bytes, and write(2) to its read end fails with EBADF.',
    errno === constants.errno.EBADF && forward.value === 5,
  )
  await parent.call(`close ${reading}`)
  await parent.call(`close ${writing}`)
}

/** Which process each side takes for its peer. */
async function showCredentials(
  stage: Stage,
  parent: SocketProcess,
  child: SocketProcess,
  own: number,
  other: number,
): Promise<void> {
  const [ofChild = 0] = await parent.numbers(`peer ${own}`)
  const [ofParent = 0] = await child.numbers(`peer ${other}`)
  stage.evidence('SO_PEERCRED', `pid ${ofChild}`, 'the peer of the parent', { data: ofChild })
  stage.evidence('SO_PEERCRED', `pid ${ofParent}`, 'the peer of the child', { data: ofParent })
  stage.claim(
    'pair/credentials-are-those-of-the-creator',
    `SO_PEERCRED names the process that called socketpair(2), on both sides: the parent (${parent.id}).`,
    ofChild === parent.id && ofParent === parent.id,
  )
}

/** A copy of the descriptor of the parent delays end of file. */
async function showEnd(
  stage: Stage,
  parent: SocketProcess,
  child: SocketProcess,
  own: number,
  other: number,
): Promise<void> {
  const { value: copy } = await parent.call(`dup ${own}`)
  await parent.call(`close ${own}`)
  stage.note('The parent copies its descriptor with dup(2), and closes the first one.')
  showSockets(stage, parent, 'after dup(2) and close(2)')
  const reading = child.begin(`receive ${other} 100`)
  await seeWait(stage, {
    pid: child.id,
    calls: ['recvmsg'],
    hasReturned: reading.hasReturned,
    id: 'pair/copy-prevents-end-of-file',
    claim: 'As long as one descriptor of the peer is open, there is no end of file: the child is blocked.',
  })
  const isEarly = reading.hasReturned()
  await parent.call(`close ${copy}`)
  const { value } = await reading.result
  showReceived(stage, child, value, 'end of file')
  stage.claim(
    'pair/end-of-file-after-last-close',
    'End of file comes when the last descriptor of the peer is closed: only then did the child read it.',
    !isEarly && value === 0,
  )
}
