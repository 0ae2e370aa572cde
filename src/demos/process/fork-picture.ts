/** Reads the output of examples/fork-shares.c: pictures of the variables of one process, each with a title. */

export interface Variable {
  name: string
  address: bigint
  value: number
}

export interface Picture {
  /** `parent, before fork`. */
  title: string
  variables: Variable[]
  /** The file that both have open: its descriptor, and the offset in bytes. */
  fd: number
  offset: number
}

const variableLine = /^ {2}(\S.*?) +0x([0-9a-f]+) +\S+ +(-?\d+)$/
const offsetLine = /^ {2}file offset +fd (\d+) +(\d+)$/

/** Takes the output line by line, and calls back with each complete picture: the line with the file offset is its last. */
export function pictureReader(onPicture: (picture: Picture) => void): (line: string) => void {
  let title = ''
  let variables: Variable[] = []
  return (line) => {
    const variable = variableLine.exec(line)
    const offset = offsetLine.exec(line)
    if (variable) {
      const [, name, address, value] = variable
      // A match of variableLine has text for each of its three groups.
      variables.push({ name: name!, address: BigInt(`0x${address}`), value: Number(value) })
    } else if (offset) onPicture({ title, variables, fd: Number(offset[1]), offset: Number(offset[2]) })
    else {
      title = line
      variables = []
    }
  }
}
