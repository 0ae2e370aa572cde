/** A small bug, and the test that must notice it. */
export interface Mutant {
  /** Where the bug is planted. */
  file: string
  /** What stands there, exactly once. */
  from: string
  /** What stands there with the bug. */
  to: string
  /** The test file that must fail. */
  test: string
  /** The titles in it that are run, as a regular expression; all when left out. */
  title?: string
}

/** The text of a file with the bug in it. @throws Error where the place is missing, or is not the only one */
export function plant({ file, from, to }: Mutant, text: string): string {
  const places = text.split(from).length - 1
  if (places !== 1) throw new Error(`${file} has ${places} places with: ${from}`)
  return text.replace(from, () => to)
}
