/** Cuts a stream of text into lines. */

/** Calls back with each complete line, without its newline; a last line without newline is never handed out. */
export function lineSplitter(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line)
  }
}
