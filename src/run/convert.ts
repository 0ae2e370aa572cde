/** Converts a picture from SVG to PNG or PDF with a program that is installed: rsvg-convert, or else Chromium. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DemoFailed, Unavailable } from '../errors.js'
import { runFolder } from './ledger.js'
import { findProgram } from './start-program.js'

export const formats = ['png', 'pdf'] as const
export type Format = (typeof formats)[number]

/** The width of a PNG in pixels: that of most projectors. */
const width = 1920

const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** A browser that only converts a file needs no network. */
const offline = ['background-networking', 'component-update', 'sync'].map((what) => `--disable-${what}`)

/** A program gets this many milliseconds. */
const patience = 30_000

export type Convert = (svg: Uint8Array) => Promise<Uint8Array>

/**
 * Finds the program.
 *
 * @throws Unavailable where none is installed
 */
export function findConverter(format: Format): Convert {
  const rsvg = inPath('rsvg-convert')
  if (rsvg) return (svg) => withRsvg(rsvg, format, svg)
  for (const name of browsers) {
    const browser = inPath(name)
    if (browser) return (svg) => withBrowser(browser, format, svg)
  }
  throw new Unavailable(
    `cannot make a ${format.toUpperCase()}: neither rsvg-convert nor Chromium is in PATH`,
    'Install it: apt-get install librsvg2-bin (macOS: brew install librsvg). Or save an .svg file.',
  )
}

function inPath(name: string): string | undefined {
  try {
    return findProgram(name)
  } catch {
    return undefined
  }
}

function withRsvg(program: string, format: Format, svg: Uint8Array): Promise<Uint8Array> {
  const size = format === 'png' ? ['--width', `${width}`] : []
  return run(program, ['--format', format, '--keep-aspect-ratio', ...size], {}, svg)
}

/** A browser reads and writes files only, so it gets a folder in that of the run. */
async function withBrowser(program: string, format: Format, svg: Uint8Array): Promise<Uint8Array> {
  const folder = join(runFolder(), `picture-${process.hrtime.bigint()}`)
  mkdirSync(folder, { mode: 0o700 })
  try {
    const page = join(folder, 'slide.html')
    const result = join(folder, `slide.${format}`)
    const style = '@page{size:1280px 720px;margin:0}body{margin:0}svg{display:block}'
    // Without the XML declaration, which HTML does not know.
    const picture = Buffer.from(svg)
      .toString()
      .replace(/^<\?xml[^>]*>\s*/, '')
    writeFileSync(page, `<!doctype html><meta charset="utf-8"><style>${style}</style>${picture}`)
    const task = {
      png: [
        `--screenshot=${result}`,
        '--window-size=1280,720',
        `--force-device-scale-factor=${width / 1280}`,
      ],
      pdf: [`--print-to-pdf=${result}`, '--no-pdf-header-footer'],
    }
    // Chromium's sandbox does not work for root.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const quiet = [
      '--headless',
      '--disable-gpu',
      '--hide-scrollbars',
      `--user-data-dir=${join(folder, 'profile')}`,
    ]
    const words = [...quiet, ...offline, ...sandbox, ...task[format], `file://${page}`]
    // What it writes there goes with the folder.
    await run(program, words, { HOME: folder, XDG_RUNTIME_DIR: folder })
    return readFileSync(result)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What a program writes to stdout. @throws DemoFailed with its last words where it fails */
function run(
  program: string,
  words: string[],
  env: NodeJS.ProcessEnv,
  input?: Uint8Array,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const options = {
      encoding: 'buffer',
      env: { ...process.env, ...env },
      maxBuffer: 1 << 28,
      timeout: patience,
      killSignal: 'SIGKILL',
    } as const
    const child = execFile(program, words, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const why = error.killed
        ? `it took more than ${patience / 1000} s`
        : stderr.toString().trim().split('\n').at(-1)
      reject(
        new DemoFailed(`${program} failed: ${why || error.message}`, { hint: 'Save an .svg file instead.' }),
      )
    })
    // It reports itself why it reads no more.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
