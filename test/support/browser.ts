/** Chromium without network, for tests of pictures. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { temporaryFolder } from './folders.js'

const executablePath = '/usr/bin/chromium'

/** Why tests in a browser are skipped, as the end of a title; empty where there is one. */
export const noBrowser = existsSync(executablePath)
  ? ''
  : ' (skipped: needs Chromium: apt-get install chromium)'

/** One browser for the tests of a file or of a `describe`. */
export function useBrowser(...more: string[]) {
  let browser: Browser
  beforeAll(async () => {
    const quiet = ['quic', 'background-networking', 'component-update', 'sync', 'gpu'].map(
      (what) => `--disable-${what}`,
    )
    const args = ['--no-sandbox', '--no-first-run', ...quiet, ...more]
    browser = await chromium.launch({ executablePath, args })
  })
  afterAll(() => browser?.close())

  /** A new page, and everything that it logged or tried to load. */
  async function openPage(options: BrowserContextOptions = {}): Promise<{ page: Page; heard: string[] }> {
    const context = await browser.newContext(options)
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const heard: string[] = []
    page.on('console', (message) => void heard.push(message.text()))
    page.on('pageerror', (error) => void heard.push(`${error}`))
    page.on('request', (request) => void heard.push(request.url()))
    page.on('dialog', (dialog) => {
      heard.push('a dialog')
      return dialog.dismiss()
    })
    return { page, heard }
  }

  /** Writes a page to a file and opens it, at an anchor such as `#e3`. */
  async function openHtml(html: string, options?: BrowserContextOptions, anchor = '') {
    const file = join(temporaryFolder(), 'run.html')
    writeFileSync(file, html)
    const { page, heard } = await openPage(options)
    const url = pathToFileURL(file).href
    await page.goto(url + anchor)
    return { page, unexpected: () => heard.filter((what) => !what.startsWith(url)) }
  }

  return { openPage, openHtml }
}
