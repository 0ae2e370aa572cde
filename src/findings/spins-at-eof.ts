/** A loop reads end of file, and reads again. */
import { thousands } from '../text.js'
import { type Detector, forCalls } from './detector.js'
import { createSpins, longestGap } from './spin.js'

const id = 'io/spins-at-eof'

/** The inode number of a socket for datagrams. The name of its descriptor does not say what it is for. */
const inode = /<UNIX:\[(\d+)/g

export function spinsAtEof(): Detector {
  const datagrams = new Set<string>()

  function isDatagram(first: string): boolean {
    const [[, number = ''] = []] = first.matchAll(inode)
    return datagrams.has(number) || /^\d+<(?:UDP|UNIX-DGRAM|NETLINK)/.test(first)
  }

  const spins = createSpins(
    ({ name, args, result = -1 }) => {
      const isRead = name.startsWith('re')
      // A pause, a closed descriptor, or a call that waited for descriptors and found none.
      if (!isRead) return result === 0 ? null : undefined
      if (result < 0) return undefined
      const [first = '', , size] = args
      // A datagram may be empty, and so may be what the program asks for.
      return result > 0 || size === '0' || isDatagram(first) ? null : `${name} ${first}`
    },
    () => 20 * longestGap,
  )
  const names =
    'read,readv,recvfrom,recvmsg,close,nanosleep,clock_nanosleep,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,epoll_pwait2'
  return {
    calls: {
      ...forCalls(names, spins.see),
      ...forCalls('socket,socketpair', ({ args, more }) => {
        if (/DGRAM|SEQPACKET/.test(args[1] ?? ''))
          for (const [, number = ''] of `${args[3]}${more}`.matchAll(inode)) datagrams.add(number)
      }),
    },
    exit: spins.exit,
    finish: () =>
      spins.finish(
        id,
        (who, { first, count, object }) =>
          `${who} called ${first.name}(2)${object} ${thousands(count)} times at end of file.`,
      ),
  }
}
