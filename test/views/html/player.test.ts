/** The page in a browser: stepping and playing, with the keyboard, with a link, and for a screen reader. */
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { pictures } from '../../../src/views/pictures.js'
import { noBrowser, useBrowser } from '../../support/browser.js'
import { createTeller, longStory, received, run, sent, started, storyOf } from '../../support/stories.js'

/** Names that exist for functions that run in the page. */
// biome-ignore lint/suspicious/noExplicitAny: Node's types know no browser.
declare const document: any, axe: any, getComputedStyle: any, requestAnimationFrame: any

/** Ten events, a millisecond apart. */
function tenEvents(): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'reader'))
  say('osdemo', 1, started(3, 'writer'))
  for (const seq of [0, 1, 2]) {
    say('writer', 3, sent('p', seq, `Message ${seq}`))
    say('reader', 2, received('p', seq, `Message ${seq}`))
  }
  say('osdemo', 1, { event: 'claim', id: 'fifo/any', text: 'All arrived.', holds: true })
  return events
}

/** More than fit into a window, and into a part of the table. */
const severalHundred = longStory().slice(0, 400)

/** The parts of a picture: their names, when they happened and until when they lasted, in microseconds. */
const parts =
  '<rect id="early" data-t="1000" data-end="4000"/><rect id="late" data-t="4000"/><rect id="axis"/>'

function pageOf(events: Event[]): string {
  const view = pictures.html()
  const html = events.map((event) => view.event(event)).join('') + view.end()
  return html.replace(/<svg [^>]*>/, (svg) => svg + parts)
}

const looks = async (page: Page, id: string) => (await page.locator(`#${id}`).getAttribute('class')) ?? ''
const current = (page: Page) => page.locator('tr[aria-current=true] td:first-child').textContent()

describe.skipIf(noBrowser !== '')(`the player${noBrowser}`, () => {
  // Chromium makes the tree for screen readers only where one is used.
  const { openHtml } = useBrowser('--force-renderer-accessibility')

  test('the keyboard steps through the events: the table, the picture and the live region follow', async () => {
    const { page, unexpected } = await openHtml(pageOf(tenEvents()))
    expect(await Promise.all(['early', 'late', 'axis'].map((id) => looks(page, id)))).toEqual(['', '', ''])
    await page.keyboard.press('Home')
    expect(await current(page)).toBe('1')
    expect(await looks(page, 'early')).toBe('later')
    await page.keyboard.press('ArrowRight')
    expect(await current(page)).toBe('2')
    // It begins at this event, and it lasts.
    expect(await looks(page, 'early')).toBe('chosen now')
    expect(await looks(page, 'late')).toBe('later')
    const live = page.locator('[aria-live=polite]')
    expect(await live.textContent()).toMatch(/^Event 2 of 10, at 0\.001 s: osdemo 1, started: reader 2/)
    await page.keyboard.press('End')
    expect(await current(page)).toBe('10')
    expect(await live.textContent()).toContain('All arrived.')
    await page.keyboard.press('ArrowLeft')
    expect(await current(page)).toBe('9')
    expect(await looks(page, 'late')).toBe('')
    await page.waitForURL('**/*#e9')
    expect(unexpected()).toEqual([])
  })

  test('a run is played to its end, and backward to its beginning', async () => {
    const { page, unexpected } = await openHtml(pageOf(tenEvents()))
    await page.getByLabel('Speed').selectOption('50 events a second')
    await page.locator('body').press('Space')
    await page.waitForURL('**/*#e10')
    expect(await current(page)).toBe('10')
    await page.getByLabel('Speed').selectOption('100 times slower')
    await page.getByRole('button', { name: 'Play backward' }).click()
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(1)
    await page.waitForURL('**/*#e1')
    expect(await current(page)).toBe('1')
    expect(await looks(page, 'early')).toBe('later')
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0)
    expect(unexpected()).toEqual([])
  })

  test('a pause stays at its event', async () => {
    const { page } = await openHtml(pageOf(severalHundred))
    await page.getByLabel('Speed').selectOption('50 events a second')
    await page.locator('body').press('Space')
    await page.locator('tr[aria-current=true]').waitFor()
    await page.locator('body').press('Space')
    const at = await current(page)
    expect(Number(at)).toBeLessThan(400)
    // Half a second, in which 25 events would be played.
    await page.evaluate(async () => {
      for (let frame = 0; frame < 30; frame++) await new Promise(requestAnimationFrame)
    })
    expect(await current(page)).toBe(at)
  })

  test('a link opens an event, also without scripts', async () => {
    const html = pageOf(severalHundred)
    const { page } = await openHtml(html, {}, '#e300')
    await page.locator('tr[aria-current=true]').waitFor()
    expect(await current(page)).toBe('300')
    const [row, panel] = await Promise.all(
      ['tr[aria-current=true]', '.table'].map((part) => page.locator(part).boundingBox()),
    )
    expect(row!.y).toBeGreaterThan(panel!.y)
    expect(row!.y + row!.height).toBeLessThan(panel!.y + panel!.height)
    // The picture stays in the window.
    await page.waitForFunction(() => document.querySelector('.picture').getBoundingClientRect().y > 0)
    const plain = await openHtml(html, { javaScriptEnabled: false }, '#e300')
    expect(await plain.page.locator('#e300').isVisible()).toBe(true)
    expect(await plain.page.locator('button:visible, input:visible').count()).toBe(0)
  })

  test('an event is chosen with the mouse, in the table and in the picture', async () => {
    const { page } = await openHtml(pageOf(tenEvents()))
    await page.locator('#e3').click()
    expect(await current(page)).toBe('3')
    await page.locator('#late').dispatchEvent('click')
    expect(await current(page)).toBe('5')
    await page.getByRole('slider').fill('6')
    expect(await current(page)).toBe('7')
    await page.getByRole('link', { name: 'event 10' }).click()
    await page.locator('#e10[aria-current=true]').waitFor()
  })

  test('the filter decides which events are stepped through, and a field keeps its keys', async () => {
    const { page } = await openHtml(pageOf(tenEvents()))
    await page.keyboard.press('Home')
    await page.getByLabel('Search').fill('message')
    for (const key of ['Space', 'ArrowLeft', 'Home', 'End']) await page.keyboard.press(key)
    expect(await page.getByLabel('Search').inputValue()).toBe('message ')
    expect(await current(page)).toBe('1')
    await page.getByRole('combobox', { name: 'Event' }).selectOption('received')
    await page.getByRole('button', { name: 'Next' }).click()
    await page.keyboard.press('ArrowRight')
    expect(await current(page)).toBe('7')
  })

  test('each chapter has its own picture, which is shown while the chapter is played', async () => {
    const { events, say } = createTeller()
    say('osdemo', 1, { ...run, command: ['tour'] })
    for (const command of ['first', 'second']) {
      say('osdemo', 1, { ...run, command: [command] })
      say('osdemo', 1, started(2, command))
    }
    const { page } = await openHtml(pageOf(events))
    const shown = () => page.locator('.picture:visible').getAttribute('aria-label')
    expect(await shown()).toContain('osdemo first')
    await page.getByLabel('Chapter').selectOption('osdemo second')
    expect(await shown()).toContain('osdemo second')
    await page.getByRole('button', { name: 'Next' }).click()
    expect(await current(page)).toBe('4')
    await page.keyboard.press('ArrowLeft')
    expect(await shown()).toContain('osdemo first')
    expect(await page.getByLabel('Chapter').inputValue()).toBe('osdemo first')
  })

  test('a person who wants no motion sees none', async () => {
    const times = await Promise.all(
      (['reduce', 'no-preference'] as const).map(async (reducedMotion) => {
        const { page } = await openHtml(pageOf(tenEvents()), { reducedMotion })
        return page.evaluate(() => getComputedStyle(document.getElementById('early')).transitionDuration)
      }),
    )
    expect(times).toEqual(['0s', '0.15s'])
  })

  test('a screen reader gets the whole table, also the part that is not drawn yet', async () => {
    const { page } = await openHtml(pageOf(severalHundred))
    expect(await page.locator('tbody').count()).toBeGreaterThan(3)
    const session = await page.context().newCDPSession(page)
    const { root } = await session.send('DOM.getDocument', { depth: 0 })
    const roles = await Promise.all(
      ['#e1', '#e350', '#e350 td'].map(async (selector) => {
        const { nodeId } = await session.send('DOM.querySelector', { nodeId: root.nodeId, selector })
        const { nodes } = await session.send('Accessibility.getPartialAXTree', {
          nodeId,
          fetchRelatives: false,
        })
        return nodes[0]?.role?.value
      }),
    )
    expect(roles).toEqual(['row', 'row', 'cell'])
  })

  test.each([
    ['light', 1280, severalHundred.slice(0, 150)],
    ['dark', 1280, storyOf('hello')],
    ['light', 400, tenEvents()],
    ['dark', 1280, []],
  ] as const)('axe finds no fault: %s, %i pixels wide', async (colorScheme, width, events) => {
    const viewport = { width, height: 720 }
    const { page } = await openHtml(pageOf([...events]), { colorScheme, viewport, bypassCSP: true })
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') })
    for (const key of ['Home', 'ArrowRight']) await page.keyboard.press(key)
    const found: string[] = await page.evaluate(async () => {
      const { violations } = await axe.run()
      // biome-ignore lint/suspicious/noExplicitAny: axe declares its types for a browser.
      return violations.flatMap(({ id, nodes }: any) => nodes.map(({ html }: any) => `${id}: ${html}`))
    })
    expect(found).toEqual([])
  })

  test('of many events, only those in sight are laid out', async () => {
    const { events, say } = createTeller()
    for (let seq = 0; seq < 2000; seq++) say('a', 1, sent('p', seq, 'x'))
    const { page } = await openHtml(pageOf(events))
    const laidOut = await page.evaluate(
      () =>
        [...document.querySelectorAll('tbody')].filter((part) =>
          part.firstElementChild.checkVisibility({ contentVisibilityAuto: true }),
        ).length,
    )
    expect(laidOut).toBeGreaterThan(0)
    expect(laidOut).toBeLessThan(10)
    await page.keyboard.press('End')
    expect(await current(page)).toBe('2000')
    const last = '#e2000'
    await page.waitForFunction(
      (row) => document.querySelector(row).checkVisibility({ contentVisibilityAuto: true }),
      last,
    )
  })
})
