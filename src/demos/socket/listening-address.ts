/** The address on which an actor listens. */
import type { Actor } from '../../run/actor.js'

/** Waits until the actor has made its listening socket. @throws DemoFailed when it exits first */
export async function listeningAddress(actor: Actor): Promise<{ host: string; port: number }> {
  const { host, port } = await actor.until('created')
  // A server makes its listening socket first, and reports the address with it.
  return { host: host!, port: port! }
}
