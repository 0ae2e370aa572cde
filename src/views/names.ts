/**
 * Which views there are, by the names that `--view` takes; apart from the views, so that a help page loads
 * none.
 */
export const viewNames = ['timeline', 'ndjson', 'mermaid', 'perfetto', 'svg', 'html'] as const

export type ViewName = (typeof viewNames)[number]

/** Which view the ending of a file's name chooses; `--save` takes these. */
export const endings: Readonly<Record<string, ViewName>> = {
  '.ndjson': 'ndjson',
  '.mmd': 'mermaid',
  '.trace.json': 'perfetto',
  '.svg': 'svg',
  '.html': 'html',
}
