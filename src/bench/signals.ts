/** Queued signals with a value of 8 bytes: rt_tgsigqueueinfo(2) and sigwaitinfo(2). */
import { Unavailable } from '../errors.js'
import { checked, native } from '../ipc/libc.js'
import type { OpenChannel } from './end.js'

/** A real-time signal that neither Node nor the C library uses. */
const signal = 40

const SIG_BLOCK = 0
const SI_QUEUE = -1

/** The C library has no function that sends a signal with a value to a thread of another process. */
const tgsigqueueNumber: Partial<Record<NodeJS.Architecture, number>> = { x64: 297, arm64: 240 }

/** Bytes of a sigset_t and of a siginfo_t, and where the value is in the latter. */
const [setBytes, infoBytes, valueAt] = [128, 128, 24]

/**
 * The signals go to the main thread, which has blocked them and accepts them with sigwaitinfo(2). Other threads of Node do not
 * block them, and a signal for the whole process could kill it there.
 */
export function signals(): OpenChannel {
  const number = tgsigqueueNumber[process.arch]
  if (number === undefined)
    throw new Unavailable(`osdemo cannot queue signals on ${process.arch}`, 'Use x86-64 or ARM.')
  const send = native(
    'syscall',
    'long syscall(long number, uint64_t address, int operation, int value, void *timeout)',
  )
  const sigwaitinfo = native('sigwaitinfo', 'int sigwaitinfo(void *set, void *info)')
  const set = new Uint8Array(setBytes)
  set[(signal - 1) >> 3] = 1 << ((signal - 1) & 7)
  const mask = native('pthread_sigmask', 'int pthread_sigmask(int how, void *set, void *old)')
  mask(SIG_BLOCK, set, null)
  let calls = 0
  return {
    calls: () => calls,
    end(_, peer) {
      const [info, received] = [new Uint8Array(infoBytes), new Uint8Array(infoBytes)]
      // struct siginfo: signo, errno, code, 4 bytes of nothing, pid, uid, value.
      new Int32Array(info.buffer).set([signal, 0, SI_QUEUE, 0, process.pid, process.getuid?.() ?? 0])
      return {
        out: info.subarray(valueAt, valueAt + 8),
        into: received.subarray(valueAt, valueAt + 8),
        send() {
          calls++
          checked('rt_tgsigqueueinfo', send(number, peer, peer, signal, info))
        },
        receive(arrived) {
          calls++
          checked('sigwaitinfo', sigwaitinfo(set, received))
          arrived()
          return 1
        },
      }
    },
  }
}
