/** Remembers what a demo has claimed, each claim with the evidence that came before it. */
import type { ClaimFact, Event } from '../../events.js'

export interface Quote {
  source: string
  value: string
}

export interface WitnessedClaim {
  claim: ClaimFact
  /** The last thing that the kernel said before the claim. */
  quote: Quote | undefined
}

export interface Witness {
  /** Takes each event of the demo. */
  see(event: Event): void
  readonly claims: readonly WitnessedClaim[]
  /** The first claim of this id, and one that failed rather than one that held. */
  find(id: string): WitnessedClaim | undefined
}

export function createWitness(): Witness {
  const claims: WitnessedClaim[] = []
  let quote: Quote | undefined
  return {
    claims,
    see(event) {
      if (event.event === 'claim') claims.push({ claim: event, quote })
      else if (!event.detail) quote = quoteOf(event) ?? quote
    },
    find(id) {
      const found = claims.filter(({ claim }) => claim.id === id)
      return found.find(({ claim }) => !claim.holds) ?? found[0]
    },
  }
}

/** The kernel's word in an event, where it has one. */
function quoteOf(event: Event): Quote | undefined {
  switch (event.event) {
    case 'evidence':
      return event.region ? undefined : { source: event.source, value: event.value }
    case 'state':
      return { source: event.source, value: event.kernel === '' ? 'no such file' : stateLine(event) }
    case 'call': {
      const result = event.errno ?? event.result
      return result === undefined
        ? undefined
        : { source: `${event.call} ${event.object}`, value: `${result}` }
    }
  }
  return undefined
}

function stateLine({ kernel, state }: Extract<Event, { event: 'state' }>): string {
  return `${kernel} (${state})`
}
