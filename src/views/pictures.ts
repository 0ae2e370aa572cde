/** The views that are drawn when a run is over. In the build they are one file, which only those runs load that are drawn. */
import { createHtml } from './html.js'
import { createMermaid } from './mermaid.js'
import { createPerfetto } from './perfetto.js'
import { createSvg } from './svg.js'

export const pictures = {
  mermaid: createMermaid,
  perfetto: createPerfetto,
  svg: createSvg,
  html: createHtml,
}
