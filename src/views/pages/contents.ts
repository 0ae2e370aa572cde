/** The contents of a chapter's page, collected while the chapter runs. */
import type { ClaimFact, Event, EvidenceFact, NoteFact, TableRow } from '../../events.js'
import { createSpeakers } from '../timeline/line.js'
import { createStateChart } from '../timeline/state-chart.js'
import type { ChapterNote } from './index.js'
import { mergeMapped, type NamedRegion } from './merge-mapped.js'
import type { PageLooks } from './page.js'
import { processIn, type TreeProcess } from './process-tree.js'

/** A claim and the evidence before it, the last first. */
export interface ShownClaim {
  claim: ClaimFact
  evidence: Event[]
}

export interface Contents {
  heading: string
  opening: string
  closing: string
  /** What could not be observed, and why. Empty unless a claim at the heart of the chapter is missing. */
  asides: string[]
  /** The answers to the questions that were asked before. */
  answers: string[]
  /** The command of the full demo. */
  next: string
  claims: ShownClaim[]
  regions: NamedRegion[]
  rows: (ClaimFact & { row: TableRow })[]
  processes: TreeProcess[]
  add(event: Event): void
  /** Whether the chapter ended before it showed anything. */
  isEmpty(): boolean
  /** The states of the children over time. */
  drawStates(): string
}

/** The most pieces of evidence for one claim. A page has no room for more. */
const mostEvidence = 2

export function createContents(chapter: ChapterNote, looks: PageLooks): Contents {
  const { heading, heart, picture, start } = chapter
  const speaker = createSpeakers(looks.chalk)
  const chart = createStateChart()
  const names = new Map<number, string>()
  const regions: NamedRegion[] = []
  let evidence: Event[] = []
  const asides: string[] = []
  const made = new Set<string>()

  function addNote({ text, role, data, actor }: Event & NoteFact): void {
    const record = typeof data === 'object' && !Array.isArray(data) ? data : {}
    // The closing of a page is that of the demo, not the totals that an actor reports.
    if (actor !== 'osdemo') return
    if ('question' in record) contents.answers.push(text)
    else if ('ends' in record) contents.next = text
    else if (role === 'opening' && contents.opening === '') contents.opening = text
    // A closing after the answers is the score, which belongs to no page.
    else if (role === 'closing' && contents.answers.length === 0) contents.closing = text
    else if (role === 'aside') asides.push(text)
  }

  function addClaim(claim: Event & ClaimFact): void {
    made.add(claim.id ?? '')
    const isTable = picture === 'table'
    if (isTable && claim.row) {
      const { row } = claim
      if (row.table === (contents.rows[0]?.row.table ?? row.table)) contents.rows.push({ ...claim, row })
    }
    const inTable = isTable && claim.row !== undefined && claim.holds
    const belongs = heart.includes(claim.id ?? '') || !claim.holds
    if (belongs && !inTable) contents.claims.push({ claim, evidence })
    evidence = []
  }

  const contents: Contents = {
    heading,
    opening: '',
    closing: '',
    get asides() {
      return heart.every((id) => made.has(id)) ? [] : asides
    },
    answers: [],
    next: '',
    claims: [],
    get regions() {
      return mergeMapped(regions)
    },
    rows: [],
    processes: [],
    add(event) {
      if (event.detail) return
      switch (event.event) {
        case 'note':
          return addNote(event)
        case 'claim':
          return addClaim(event)
        case 'started':
          names.set(event.child, event.name)
          return
        case 'exited':
          return chart.ended(event.child, event.t)
        case 'state':
          if (picture === 'states') chart.add(event)
          else keep(event)
          return
        case 'evidence':
          addEvidence(event)
          return
        case 'call':
          if (event.errno) keep(event)
      }
    },
    isEmpty: () => made.size + asides.length === 0 && contents.next === '',
    drawStates() {
      const { chalk, width } = looks
      const label = (child: number) => {
        const { who, paint } = speaker(names.get(child) ?? 'process', child)
        return paint(who)
      }
      return chart.take({ chalk, width, start, label, brief: true })
    },
  }

  function keep(event: Event): void {
    // An earlier state belongs to another process, or is out of date.
    const others = event.event === 'state' ? evidence.filter((each) => each.event !== 'state') : evidence
    evidence = [event, ...others].slice(0, mostEvidence)
  }

  function addEvidence(event: Event & EvidenceFact): void {
    const { region, about, data } = event
    const process = picture === 'tree' ? processIn(data) : undefined
    if (process) contents.processes.push(process)
    else if (!region) keep(event)
    else if (picture === 'memory') regions.push({ region, about })
  }

  return contents
}
