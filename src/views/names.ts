/** The names that `--view` takes. They are apart from the views, so that a help page loads no view. */
export const viewNames = ['timeline', 'ndjson', 'mermaid', 'perfetto', 'svg', 'html', 'csv'] as const

export type ViewName = (typeof viewNames)[number]

/** The view that each ending of a file name chooses. `--save` takes these endings. */
export const endings: Readonly<Record<string, ViewName>> = {
  '.ndjson': 'ndjson',
  '.mmd': 'mermaid',
  '.trace.json': 'perfetto',
  '.svg': 'svg',
  '.png': 'svg',
  '.pdf': 'svg',
  '.html': 'html',
  '.csv': 'csv',
}
