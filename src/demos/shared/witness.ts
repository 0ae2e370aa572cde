/** Collects the claims of a demo, each with the evidence before it. */
import type { ClaimFact, Event } from '../../events.js'

export interface Quote {
  source: string
  value: string
}

export interface WitnessedClaim {
  claim: ClaimFact
  /** The evidence between this claim and the one before it. */
  quotes: Quote[]
}

export interface Witness {
  /** Takes each event of the demo. */
  see(event: Event): void
  readonly claims: readonly WitnessedClaim[]
  /** The first claim of this id, and one that failed rather than one that held. */
  find(id: string): WitnessedClaim | undefined
  /** The permissions of a part of the memory that the demo has shown. */
  permissions(part: string): Quote | undefined
}

export function createWitness(): Witness {
  const claims: WitnessedClaim[] = []
  const regions = new Map<string, Quote>()
  let quotes: Quote[] = []
  return {
    claims,
    see(event) {
      if (event.event === 'claim') {
        claims.push({ claim: event, quotes })
        quotes = []
      } else if (event.event === 'evidence' && event.region) {
        const { part, permissions } = event.region
        regions.set(part, { source: event.source, value: `${part}: ${permissions}` })
      } else if (!event.detail) {
        const quote = quoteOf(event)
        if (quote) quotes.push(quote)
      }
    },
    find(id) {
      const found = claims.filter(({ claim }) => claim.id === id)
      return found.find(({ claim }) => !claim.holds) ?? found[0]
    },
    permissions: (part) => regions.get(part),
  }
}

/** The quotation in an event, if it has one. */
function quoteOf(event: Event): Quote | undefined {
  switch (event.event) {
    case 'evidence':
      return { source: event.source, value: event.value }
    case 'state':
      return { source: event.source, value: event.kernel === '' ? 'no such file' : stateLine(event) }
    case 'call':
      return event.errno ? { source: `${event.call} ${event.object}`, value: event.errno } : undefined
  }
  return undefined
}

function stateLine({ kernel, state }: Extract<Event, { event: 'state' }>): string {
  return `${kernel} (${state})`
}
