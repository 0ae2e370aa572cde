/**
 * `pipe read` and `pipe write` beside cat, fs streams, readline and C. The other end of the FIFO is a C program, and the
 * time is its own, from open(2) to its end: so start-up is left aside. Both ends run on one CPU, because how long a
 * sleeping virtual CPU takes to wake would be most of the measurement otherwise.
 */
import { strictEqual } from 'node:assert'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare, compileC, type Side } from './sides.js'

const folder = mkdtempSync(join(tmpdir(), 'osdemo-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
const fifo = join(folder, 'p')
const file = join(folder, 'file')
/** So many that what happens once, as loading FFI does, is left aside too. */
const bulk = 2 * 2 ** 30
const lineBytes = 16
const osdemo = fileURLToPath(new URL('../bin/osdemo.js', import.meta.url))
const onOneCpu = spawnSync('taskset', ['-c', '1', 'true']).status === 0 ? 'taskset -c 1' : ''

/** Runs a command line on the one CPU; gives what it said on stderr. */
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

/** One end is measured and the other, in C, has the clock. `counted` is what the measured one must say, in words. */
function side(measured: string, clock: string, bytes: number, counted?: string): Side {
  return async () => {
    const [said, told] = await Promise.all([shell(measured), shell(clock)])
    const [, milliseconds, moved] = /([\d.]+) ms for (\d+) bytes/.exec(told)!
    strictEqual(Number(moved), bytes)
    if (counted !== undefined) strictEqual(said.includes(counted), true, said)
    return Number(milliseconds)
  }
}

const c = compileC('fifo', folder)
if (c) {
  spawnSync('mkfifo', [fifo])
  spawnSync('truncate', ['-s', `${bulk}`, file])
  const fs = `import { createReadStream as read, createWriteStream as write } from 'node:fs'`
  const node = (script: string) => `node --input-type=module -e "${script}"`

  const feed = `${c} feed ${fifo} ${bulk} 4096`
  const lines = bulk / 4096
  const reader = side(
    `node ${osdemo} pipe read --path ${fifo}`,
    feed,
    bulk,
    `${lines} messages, ${bulk} bytes`,
  )
  const streamReader = side(node(`${fs}; read('${fifo}').pipe(write('/dev/null'))`), feed, bulk)
  await compare('`pipe read` in bulk / cat', reader, side(`cat ${fifo}`, feed, bulk), { timesAsFast: 1 })
  await compare('`pipe read` in bulk / fs streams', reader, streamReader, { timesAsFast: 4 })
  const copy = side(`${c} copy ${fifo} /dev/null`, feed, bulk, `${bulk} bytes`)
  await compare('`pipe read` in bulk / C', reader, copy, { timesAsFast: 0.9 })

  const drain = `${c} drain ${fifo}`
  const writer = side(`node ${osdemo} pipe write --path ${fifo} < ${file}`, drain, bulk, `${bulk} bytes`)
  const streamWriter = side(node(`${fs}; read('${file}').pipe(write('${fifo}'))`), drain, bulk)
  await compare('`pipe write` in bulk / cat', writer, side(`cat ${file} > ${fifo}`, drain, bulk), {
    timesAsFast: 1,
  })
  await compare('`pipe write` in bulk / fs streams', writer, streamWriter, { timesAsFast: 4 })
  const send = side(`${c} send ${fifo} ${file}`, drain, bulk)
  await compare('`pipe write` in bulk / C', writer, send, { timesAsFast: 0.9 })

  const some = bulk / 32
  const feedLines = `${c} feed ${fifo} ${some} ${lineBytes}`
  const count = `${some / lineBytes} messages, ${some} bytes`
  const readline = `${fs}; import { createInterface } from 'node:readline'; let n = 0; createInterface(read('${fifo}'))
    .on('line', () => n++).on('close', () => console.error(n + ' messages'))`
  const readlineReader = side(node(readline), feedLines, some, `${some / lineBytes} messages`)
  const getline = side(`${c} lines ${fifo}`, feedLines, some, `${some / lineBytes} lines`)
  for (const [name, words] of [
    ['pipe read', ''],
    ['pipe read --json', '--json >&2'],
  ]) {
    const ours = side(`node ${osdemo} pipe read --path ${fifo} ${words}`, feedLines, some, count)
    await compare(`\`${name}\`, lines of 16 B / readline`, ours, readlineReader, { timesAsFast: 5 })
    await compare(`\`${name}\`, lines of 16 B / C, getline`, ours, getline, { timesAsFast: 0.5 })
  }
}
