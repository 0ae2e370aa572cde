/** The tour and the questions on a real terminal, which script(1) makes. */
import { readlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { newPlace, type Place, processesOf, program } from '../support/osdemo.js'
import { until } from '../support/until.js'

/** A run on a terminal of 80 x 24, and a person who types. */
function onTerminal(place: Place, words: string) {
  const command = `trap : INT; stty cols 80 rows 24; "${process.execPath}" "${program}" ${words}; r=$?; stty -a; exit $r`
  const run = place.sh(`script -qefc '${command}' /dev/null`, { stdio: ['pipe', 'pipe', 'pipe'] })
  let seen = 0
  return {
    run,
    shown: () => run.stdout().replaceAll('\r\n', '\n'),
    /** Waits until this is shown, after what was waited for before, and then types. */
    async type(when: string, keys: string) {
      await until(() => run.stdout().includes(when, seen))
      seen = run.stdout().length
      run.child.stdin!.write(keys)
    },
  }
}

const prompt = 'Press Enter'

describe.runIf(process.platform === 'linux')('on a terminal', () => {
  test('the tour waits for Enter after each page, and q quits with exit 0', async () => {
    const place = newPlace()
    const { run, shown, type } = onTerminal(place, 'tour zombie orphan tree')
    await type(prompt, '\n')
    await type(prompt, 'q\n')
    expect(await run.exit).toBe(0)
    expect(shown()).toContain('Chapter 2 of 3')
    expect(shown()).not.toContain('Chapter 3 of 3')
    expect(shown()).toContain('What was shown')
    expectAsBefore(shown())
    expect([processesOf(place), place.leftovers()]).toEqual([[], []])
  })

  test('what is typed before a page is shown does not skip it', async () => {
    const place = newPlace()
    const { run, shown, type } = onTerminal(place, 'tour zombie orphan')
    await type(prompt, '\n\n\n')
    await type(prompt, 'q\n')
    expect(await run.exit).toBe(0)
    expect(shown().split(prompt).length - 1).toBe(2)
  })

  test('each page and its prompt fit on the screen', async () => {
    const { run, shown, type } = onTerminal(newPlace(), 'tour layout states zombie --no-color')
    for (let page = 0; page < 3; page++) await type(prompt, '\n')
    expect(await run.exit).toBe(0)
    const pages = shown()
      .split(/^── (?=Chapter|What)/m)
      .slice(1, 4)
    expect(pages.length).toBe(3)
    // The Enter at the prompt ends its line.
    for (const page of pages.filter((each) => each.includes(prompt)))
      expect(page.split('\n').length).toBeLessThanOrEqual(25)
  })

  test('Ctrl-C at the prompt is exit 130, and leaves nothing behind', async () => {
    const place = newPlace()
    const { run, shown, type } = onTerminal(place, 'tour zombie orphan')
    await type(prompt, '\u0003')
    expect(await run.exit).toBe(130)
    expectAsBefore(shown())
    expect([processesOf(place), place.leftovers()]).toEqual([[], []])
  })

  test('the end of file at the prompt quits, as q does', async () => {
    const { run, shown, type } = onTerminal(newPlace(), 'tour zombie orphan')
    await type(prompt, '\u0004')
    expect(await run.exit).toBe(0)
    expect(shown()).not.toContain('Chapter 2 of 2')
  })

  test('--no-pause, --full, --json and a stdin that is no terminal do not wait', async () => {
    const place = newPlace()
    const runs = ['--no-pause', '--full', '--json', '< /dev/null'].map((words) =>
      onTerminal(place, `tour zombie tree ${words}`),
    )
    for (const { run, shown } of runs) {
      expect(await run.exit).toBe(0)
      expect(shown()).not.toContain(prompt)
    }
  })

  test('a question waits for a letter; another key asks again, Enter alone skips', async () => {
    const { run, shown, type } = onTerminal(newPlace(), 'process zombie --predict --no-color')
    await type('Type a, b or c', 'x\n')
    await type('Type a, b or c', 'B\n')
    await type('Type a, b or c', '\n')
    expect(await run.exit).toBe(0)
    const text = shown().replaceAll(/\s+/g, ' ')
    expect(text).toContain('Your answer to question 1 is right: b)')
    expect(text).toContain('Question 2 was not answered.')
    expect(text).toContain('Right answers: 1 of 2.')
    expectAsBefore(shown())
  })

  test('q at a question quits the tour with exit 0, and shows no empty page', async () => {
    const { run, shown, type } = onTerminal(newPlace(), 'tour zombie orphan --predict --no-color')
    await type('Type a, b or c', 'b\n')
    await type('Type a, b or c', 'c\n')
    await type(prompt, '\n')
    await type('Type a, b or c', 'q\n')
    expect(await run.exit).toBe(0)
    expect(shown().match(/Chapter 2 of 2/g)?.length).toBe(1)
    expect(shown()).toContain('Right answers: 2 of 2.')
  })

  test('Ctrl-C at a question is exit 130', async () => {
    const place = newPlace()
    const { run, type } = onTerminal(place, 'tour zombie --predict')
    await type('Type a, b or c', '\u0003')
    expect(await run.exit).toBe(130)
    expect([processesOf(place), place.leftovers()]).toEqual([[], []])
  })

  test('the terminal is never put into another mode, so that SIGKILL leaves it as it was', async () => {
    const place = newPlace()
    const { run, shown, type } = onTerminal(place, 'tour zombie orphan')
    await type(prompt, '')
    const tour = processesOf(place).find((pid) => isNode(pid))!
    process.kill(tour, 'SIGKILL')
    expect(await run.exit).toBe(137)
    expectAsBefore(shown())
  })
})

function isNode(pid: number): boolean {
  return readlinkSync(`/proc/${pid}/exe`) === process.execPath
}

/** The terminal still edits lines, echoes, and makes signals of keys. */
function expectAsBefore(shown: string): void {
  for (const setting of ['icanon', 'echo', 'isig', 'icrnl'])
    expect(shown).toMatch(RegExp(`(?<!-)\\b${setting}\\b`))
}
