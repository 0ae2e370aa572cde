import { networkInterfaces } from 'node:os'
import { Unavailable } from '../../errors.js'

/** @throws Unavailable where no interface has the address 127.0.0.1, as in a new network namespace */
export function requireLoopback(demo: string): void {
  if (hasLoopback()) return
  throw new Unavailable(
    `${demo} needs the address 127.0.0.1, and no network interface that is up has it`,
    'As root: ip link set lo up',
  )
}

/** True also where a sandbox does not let us list the interfaces. */
function hasLoopback(): boolean {
  try {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    return addresses.some(({ address }) => address === '127.0.0.1')
  } catch {
    return true
  }
}
