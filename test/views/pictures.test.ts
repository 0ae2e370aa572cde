/** Pictures in a real browser without network, one browser for the whole file. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { gallery } from '../../scripts/pictures.js'
import type { Event } from '../../src/events.js'
import { pictures } from '../../src/views/pictures.js'
import { noBrowser, useBrowser } from '../support/browser.js'
import { newPlace, temporaryFolder } from '../support/osdemo.js'
import { harmful, longStory, statesOf, storyOf } from '../support/stories.js'

/** Names that exist for functions that run in the page. */
// biome-ignore lint/suspicious/noExplicitAny: Node's types know no browser.
declare const document: any, getComputedStyle: any, mermaid: any, innerWidth: number, innerHeight: number

function draw(view: { event(event: Event): string; end(): string }, events: Event[]): string {
  return events.map((event) => view.event(event)).join('') + view.end()
}

describe.skipIf(noBrowser !== '')(`pictures in a browser${noBrowser}`, () => {
  const { openPage, openHtml } = useBrowser()

  test('Mermaid parses and draws every diagram, whatever the texts', async () => {
    const { page, heard } = await openPage()
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('mermaid/dist/mermaid.min.js') })
    const place = newPlace()
    const demos = ['pipe demo', 'queue', 'process states']
    const recorded = await Promise.all(
      demos.map(async (demo) => {
        const run = place.osdemo([...demo.split(' '), '--view', 'mermaid'])
        expect(await run.exit).toBe(0)
        return run.stdout()
      }),
    )
    const stories = [[], longStory(), ...harmful.map(storyOf), ...harmful.map(statesOf)]
    const diagrams = [...recorded, ...stories.map((events) => draw(pictures.mermaid(), events))]
    const drawn = await page.evaluate(async (texts: string[]): Promise<string[]> => {
      mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', maxTextSize: 50_000 })
      const outcomes: string[] = []
      for (const text of texts) {
        try {
          await mermaid.parse(text)
          const { svg } = await mermaid.render('diagram', text)
          document.body.innerHTML = svg
          for (const style of document.querySelectorAll('style')) style.remove()
          outcomes.push(document.body.textContent)
        } catch (error) {
          outcomes.push(`FAILED: ${error}: ${text}`)
        }
      }
      return outcomes
    }, diagrams)
    expect(drawn.filter((text) => text.startsWith('FAILED'))).toEqual([])
    expect(drawn[0]).toContain('Message 9 (10 bytes')
    // A bounded queue is a participant, which holds the messages. The line may be wrapped before its last word.
    expect(drawn[1]).toMatch(/queue osdemo.*of 4 in ?it/s)
    expect(recorded[2]).toMatch(/^stateDiagram-v2\n/)
    // Mermaid shows the text unchanged, with its markup.
    for (const text of harmful.slice(0, 3))
      expect(drawn.some((shown) => shown.includes(text.slice(0, 20)))).toBe(true)
    expect(heard).toEqual([])
  })

  test('in a page no text becomes markup or script', async () => {
    const file = join(temporaryFolder(), 'run.html')
    const { page, heard } = await openPage()
    const foreign = 'img, a:not([href^="#"]), b:not(.holds, .fails), [onclick], [onerror]'
    for (const text of harmful) {
      writeFileSync(file, draw(pictures.html(), storyOf(text)))
      await page.goto(pathToFileURL(file).href)
      expect(await page.title()).toMatch(/^osdemo pipe/)
      expect(await page.locator(foreign).count()).toBe(0)
      expect(await page.locator('script').count()).toBe(1)
      const cells: string[] = await page.locator('td').allTextContents()
      // The text before the first character that is shown as an escape.
      const [shown] = text.split(/[\p{Cc}\p{Cs}\u202e]/u) as [string]
      expect(cells.filter((cell) => cell.includes(shown)).length).toBeGreaterThan(10)
    }
    expect(heard.filter((what) => !what.startsWith('file:'))).toEqual([])
  })

  test('the table is filtered by words, by process and by event, also with the keyboard alone', async () => {
    const { page, unexpected } = await openHtml(draw(pictures.html(), longStory()))
    const [rows, shown] = [page.locator('tbody tr:visible'), page.locator('#count')]
    const all = await rows.count()
    await page.getByLabel('Search').focus()
    await page.keyboard.type('sent message 77')
    expect(await rows.allTextContents()).toEqual([expect.stringContaining('message 77 (10 bytes)')])
    expect(await shown.textContent()).toBe(`1 of ${all} events`)
    await page.getByLabel('Search').fill('')
    await page.getByRole('combobox', { name: 'Event' }).selectOption('claim')
    expect(await rows.count()).toBe(23)
    await page.getByRole('combobox', { name: 'Who' }).selectOption('a 10')
    expect(await rows.count()).toBe(0)
    expect(unexpected()).toEqual([])
  })

  test('the page shows details on hover, and its picture can be made wider', async () => {
    const { page } = await openHtml(draw(pictures.html(), storyOf('hello')))
    await page.locator('rect.held').first().hover({ force: true })
    expect(await page.locator('#detail').textContent()).toContain('openhello hello')
    const widths: number[] = []
    for (const _ of [1, 2, 3]) {
      // The timeline is a second picture, below the diagram of states.
      widths.push((await page.locator('svg').first().boundingBox())!.width)
      await page.getByRole('button', { name: 'Wider' }).press('Enter')
    }
    const [beside = 0, whole = 0, twice = 0] = widths
    // First the picture takes the place of the table, which is then below it.
    expect(whole).toBeGreaterThan(beside)
    expect(twice).toBeCloseTo(2 * whole, -1)
  })

  test('the page can be read without scripts', async () => {
    const { page } = await openHtml(draw(pictures.html(), storyOf('hello')), { javaScriptEnabled: false })
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(20)
    expect(await page.locator('form').isVisible()).toBe(false)
  })

  test.each(['light', 'dark'] as const)(
    'texts stand out from what is behind them: %s',
    async (colorScheme) => {
      const { page } = await openHtml(draw(pictures.html(), storyOf('hello')), { colorScheme })
      const low = await page.evaluate(() => {
        const light = (color: string) => {
          const parts = color
            .match(/[\d.]+/g)!
            .slice(0, 3)
            .map((part) => {
              const value = Number(part) / 255
              return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
            })
          return parts[0]! * 0.2126 + parts[1]! * 0.7152 + parts[2]! * 0.0722
        }
        const paper = light(getComputedStyle(document.body).backgroundColor)
        const contrast = (color: string) => {
          const [high, lower] = [light(color), paper].sort((a, b) => b - a) as [number, number]
          return (high + 0.05) / (lower + 0.05)
        }
        const texts = [
          ...document.querySelectorAll('text:not(.badge), td, th, p, li, b, small, a, code, label'),
        ]
        return texts.flatMap((text) => {
          const style = getComputedStyle(text)
          const color = text.tagName === 'text' ? style.fill : style.color
          return contrast(color) < 4.5 ? [`${text.tagName} ${text.className} ${color}`] : []
        })
      })
      expect(low).toEqual([])
    },
  )

  test.each([
    ['light', 1000],
    ['dark', 400],
  ] as const)('an SVG is an image by itself, %s and %i pixels wide', async (colorScheme, width) => {
    const { page, heard } = await openPage({ colorScheme, viewport: { width, height: 800 } })
    for (const events of [[], longStory(), ...harmful.map(storyOf)]) {
      const uri = `data:image/svg+xml;base64,${Buffer.from(draw(pictures.svg(), events)).toString('base64')}`
      await page.setContent(`<img src="${uri}" style="width:100%">`)
      await page.waitForFunction(() => document.images[0]!.complete)
      expect(await page.evaluate(() => document.images[0]!.naturalWidth)).toBe(1280)
    }
    expect(heard.filter((what) => !what.startsWith('data:'))).toEqual([])
  })

  test('no text of a slide in the gallery is small, cut, leaves the slide, or overlaps another one', async () => {
    const { page } = await openPage({ viewport: { width: 1280, height: 720 } })
    const faults: string[] = []
    for (const { file } of gallery) {
      const svg = readFileSync(file, 'utf8').replace(/^<\?xml.*\n/, '')
      await page.setContent(`<body style="margin:0">${svg}`)
      const found = await page.evaluate(() => {
        // biome-ignore lint/suspicious/noExplicitAny: Node's types know no browser.
        const texts: any[] = [...document.querySelectorAll('svg text')].filter(({ textContent }) =>
          textContent.trim(),
        )
        const placed = texts.map((text) => ({
          words: text.textContent,
          // A group may be scaled, and its texts with it.
          size: Number.parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a,
          box: text.getBoundingClientRect(),
        }))
        return placed.flatMap(({ words, size, box }, at) => {
          const leaves = box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight
          const hit = placed.slice(at + 1).filter(({ box: other }) => {
            const width = Math.min(box.right, other.right) - Math.max(box.left, other.left)
            const height = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top)
            return width > 2 && height > 4
          })
          return [
            ...(/\S…$/.test(words) ? [`cut: ${words}`] : []),
            ...(size < 13.99 ? [`${size} px: ${words}`] : []),
            ...(leaves ? [`leaves: ${words}`] : []),
            ...hit.map((other) => `overlap: ${words} | ${other.words}`),
          ]
        })
      })
      faults.push(...found.map((fault) => `${file}: ${fault}`))
    }
    expect(faults).toEqual([])
  })
})
