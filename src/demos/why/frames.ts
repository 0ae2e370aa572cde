/** The functions of a thread, as eu-stack(1) and gdb(1) print them. */

export interface Frame {
  /** Undefined where the program contains no name for it. */
  function?: string
  /** The file with its code. */
  module?: string
  /** `FILE:LINE`, where the program was compiled with -g. */
  source?: string
}

/** `#0  0x00007f3c2fad45da read - /usr/lib/libc.so.6`, and mostly a line with the source: `    /tmp/a.c:30:10`. */
export function parseEuStack(text: string): Frame[] {
  const frames: Frame[] = []
  for (const line of text.split('\n')) {
    const [frame, name, module] = /^#\d+ +0x[0-9a-f]+(?: (?!- )(.+?))?(?: - (.+))?$/.exec(line) ?? []
    if (frame !== undefined) frames.push({ ...(name && { function: name }), ...(module && { module }) })
    const source = /^ {4}(\S.*?:\d+)(?::\d+)?$/.exec(line)?.[1]
    const last = frames.at(-1)
    if (source !== undefined && last) last.source = source
  }
  return frames
}

/** `#0  0x00007f3c2fad45da in read () from /lib/libc.so.6`, `#2  inner (id=32) at sem.c:5`, `#3  0x0000000000001234 in ?? ()`. */
export function parseGdb(text: string): Frame[] {
  return text.split('\n').flatMap((line) => {
    const [frame, name = '', source, module] =
      /^#\d+ +(?:0x[0-9a-f]+ in )?(\S.*?) \(.*?\)(?: at (.+:\d+)| from (\S+))?$/.exec(line) ?? []
    if (frame === undefined) return []
    return [
      { ...(name !== '??' && { function: name }), ...(module && { module }), ...(source && { source }) },
    ]
  })
}
