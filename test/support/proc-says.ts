/** Lets /proc answer otherwise to a demo that runs in the process of the test, where the kernel cannot be made to. */
import { onTestFinished, vi } from 'vitest'
import * as read from '../../src/proc/read.js'

/**
 * Until the test ends, what is read from some files of /proc is edited before it is parsed. A text is undefined where the file
 * cannot be read.
 */
export function procSays(
  files: RegExp,
  edit: (text: string | undefined, path: string) => string | undefined,
): void {
  // The second call in a test edits what the first has edited.
  const { readText: present } = read
  const readText = (vi.isMockFunction(present) && present.getMockImplementation()) || present
  const spy = vi.spyOn(read, 'readText').mockImplementation((path) => {
    const text = readText(path)
    return files.test(path) ? edit(text, path) : text
  })
  onTestFinished(() => spy.mockRestore())
}

/** A stat file with other fields, by their numbers in man 5 proc_pid_stat, from 3 on. */
export function editStat(text: string, edits: Record<number, (value: string) => string>): string {
  const name = text.slice(0, text.lastIndexOf(')') + 2)
  const fields = text.slice(name.length).split(' ')
  return name + fields.map((value, index) => edits[index + 3]?.(value) ?? value).join(' ')
}
