/** A loop reads end of file, and reads again. */
import { thousands } from '../text.js'
import { type Detector, forCalls } from './detector.js'
import { createSpins } from './spin.js'

const id = 'io/spins-at-eof'

export function spinsAtEof(): Detector {
  const spins = createSpins(({ name, args, result }) => {
    if (/^(?:close|nanosleep|clock_nanosleep)$/.test(name)) return null
    const isRead = name.startsWith('re')
    // What else waits for descriptors slept when it found none.
    if (!isRead) return result === 0 ? null : undefined
    const [first = '', , size] = args
    // A datagram may be empty, and so may be what the program asks for.
    if (result !== 0 || /^\d+<(?:UDP|UNIX-DGRAM|NETLINK)/.test(first) || size === '0')
      return result !== undefined && result < 0 ? undefined : null
    return `${name} ${first}`
  })
  const names =
    'read,readv,recvfrom,recvmsg,close,nanosleep,clock_nanosleep,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,epoll_pwait2'
  return {
    calls: forCalls(names, spins.see),
    exit: spins.exit,
    finish: () =>
      spins.finish(
        id,
        (who, { first, count, object }) =>
          `${who} called ${first.name}(2)${object} ${thousands(count)} times at end of file.`,
      ),
  }
}
