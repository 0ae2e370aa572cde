/**
 * `pipe read` and `pipe write` compared with cat, readline and C. The other end of the FIFO is a C program, which measures
 * the time from open(2) to its end, so start-up does not count. Both ends run on one CPU, because the time that a sleeping
 * virtual CPU needs to wake up would otherwise be most of the measurement.
 */
import { strictEqual } from 'node:assert'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Event } from '../src/events.js'
import { counted } from '../src/text.js'
import { compare, compileC, type Side, timed } from './sides.js'

const folder = mkdtempSync(join(tmpdir(), 'osdemo-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
const fifo = join(folder, 'p')
const file = join(folder, 'file')
const bulk = 2 ** 30
const lined = 2 ** 26
const lineBytes = 16
const osdemo = fileURLToPath(new URL('../bin/osdemo.js', import.meta.url))
const onOneCpu = spawnSync('taskset', ['-c', '1', 'true']).status === 0 ? 'taskset -c 1' : ''

/** Runs a command line on the one CPU. @returns what it printed on stderr */
async function shell(line: string): Promise<string> {
  const child = spawn('sh', ['-c', `exec ${onOneCpu} ${line}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const [code] = await once(child, 'close')
  strictEqual(code, 0, said)
  return said.replaceAll(/\s+/g, ' ')
}

/** One end is measured, and the other, in C, has the clock. @param words what the measured end must print */
function side(measured: string, clock: string, bytes: number, words: string[]): Side {
  return async () => {
    const [said, told] = await Promise.all([shell(measured), shell(clock)])
    const [, milliseconds, moved] = /([\d.]+) ms for (\d+) bytes/.exec(told)!
    strictEqual(Number(moved), bytes)
    for (const word of words) strictEqual(said.includes(word), true, said)
    return Number(milliseconds)
  }
}

/**
 * Both ends are cat, and the time is that of both processes. It includes their start-up, about 1 ms. The bytes that they
 * moved are not checked.
 */
function bothCats(): Promise<number> {
  return timed(async () => {
    await Promise.all([shell(`cat ${file} > ${fifo}`), shell(`cat ${fifo} > /dev/null`)])
  })
}

/** Both ends are osdemo, and the time is from the writer's events: from the end of open(2) to the note with its totals. */
async function bothOfOurs(): Promise<number> {
  const [said, told] = await Promise.all([
    shell(`node ${osdemo} pipe read --verbose --path ${fifo} > /dev/null`),
    shell(`node ${osdemo} pipe write --path ${fifo} --json < ${file} >&2`),
  ])
  strictEqual(said.includes(counted(bulk, 'byte')), true, said)
  const events: Event[] = told.split(/(?<=\}) (?=\{)/).map((line) => JSON.parse(line))
  const opened = events.find(
    (event) => event.event === 'call' && event.call === 'open' && event.phase === 'end',
  )
  const closed = events.findLast((event) => event.event === 'note' && event.data !== undefined)
  return (closed!.t - opened!.t) / 1000
}

const c = compileC('fifo', folder)
if (c) {
  spawnSync('mkfifo', [fifo])
  spawnSync('truncate', ['-s', `${bulk}`, file])
  await compare('`pipe write` to `pipe read`, 1 GiB / cat to cat', bothOfOurs, bothCats, { timesAsFast: 4 })

  const drain = `${c} drain ${fifo} /dev/null`
  const writer = side(`node ${osdemo} pipe write --verbose --path ${fifo} < ${file}`, drain, bulk, [
    counted(bulk, 'byte'),
  ])
  const catWriter = side(`cat ${file} > ${fifo}`, drain, bulk, [])
  await compare('`pipe write` of 1 GiB / cat', writer, catWriter, { timesAsFast: 4 })

  const send = `${c} send ${fifo} ${file}`
  const reader = side(`node ${osdemo} pipe read --verbose --path ${fifo} > /dev/null`, send, bulk, [
    counted(bulk, 'byte'),
  ])
  const catReader = side(`cat ${fifo} > /dev/null`, send, bulk, [])
  await compare('`pipe read` of 1 GiB / cat', reader, catReader, { timesAsFast: 4 })

  const lines = lined / lineBytes
  const feed = `${c} feed ${fifo} ${lined} ${lineBytes}`
  const count = [counted(lines, 'message'), counted(lined, 'byte')]
  const readline = `import { createReadStream } from 'node:fs'; import { createInterface } from 'node:readline'
    let n = 0; createInterface(createReadStream('${fifo}'))
    .on('line', () => n++).on('close', () => console.error(n + ' messages'))`
  const script = `node --input-type=module -e "${readline}"`
  const readlineReader = side(script, feed, lined, [`${lines} messages`])
  const getline = side(`${c} lines ${fifo}`, feed, lined, [`${lines} lines`])
  for (const [name, words] of [
    ['pipe read --max', `--verbose --max ${lines}`],
    ['pipe read --json', '--json >&2'],
  ]) {
    const ours = side(`node ${osdemo} pipe read --path ${fifo} ${words}`, feed, lined, count)
    await compare(`\`${name}\`, lines of 16 B / readline`, ours, readlineReader, { timesAsFast: 2 })
    await compare(`\`${name}\`, lines of 16 B / C, getline`, ours, getline, { timesAsFast: 0.5 })
  }
}
