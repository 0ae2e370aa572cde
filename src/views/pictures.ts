/**
 * The views that are drawn when a run has finished. The build puts them into one file, so that only a run that is
 * drawn loads them. They draw a story. Events marked as detail are only in the views in which a reader can search or
 * zoom.
 */
import type { Event } from '../events.js'
import { drawPage } from './html/index.js'
import { drawMermaid } from './mermaid/index.js'
import { drawTrace } from './perfetto/index.js'
import { tellStory } from './story/index.js'
import { drawSlide } from './svg/index.js'

export const pictures = {
  mermaid: drawnAtEnd((events) => drawMermaid(tellStory(events, false))),
  perfetto: drawnAtEnd((events) => drawTrace(tellStory(events, true))),
  svg: drawnAtEnd(
    (events) => `<?xml version="1.0" encoding="UTF-8"?>\n${drawSlide(tellStory(events, false))}\n`,
  ),
  html: drawnAtEnd((events) => drawPage(tellStory(events, true))),
}

function drawnAtEnd(draw: (events: readonly Event[]) => string) {
  return () => {
    const events: Event[] = []
    return {
      event(event: Event): string {
        events.push(event)
        return ''
      },
      end: () => draw(events),
    }
  }
}
