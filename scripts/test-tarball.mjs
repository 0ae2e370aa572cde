/**
 * Installs the package as its users do, and uses it: `npm run test:tarball`, or `npm run test:tarball -- 22 24` for some versions of
 * Node. The tarball is installed in an empty folder, by an ordinary user where this runs as root.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const supported = ['20', '22', '24', '26']
const versions = process.argv.length > 2 ? process.argv.slice(2) : supported
/** An ordinary user without an entry in /etc/passwd. */
const uid = 4711
const isRoot = process.getuid?.() === 0
const asUser = isRoot ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'] : []
/** No command takes longer, also on a loaded machine. */
const timeout = 300_000

const base = mkdtempSync(join(tmpdir(), 'osdemo-tarball-'))
chmodSync(base, 0o755)
process.on('exit', () => rmSync(base, { recursive: true, force: true }))
/** @param {string[]} words */
const npm = (words) =>
  execFileSync('npm', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const packed = npm(['pack', '--silent', '--pack-destination', base]).trim()
const tarball = join(base, /** @type {string} */ (packed.split('\n').at(-1)))

/**
 * A place where an ordinary user works with one version of Node.
 *
 * @param {string} name
 * @param {string} node the folder of the program node
 */
function placeOf(name, node) {
  const home = join(base, name)
  const runtime = join(home, 'run')
  const folder = join(home, 'empty')
  for (const each of [home, runtime, folder]) {
    mkdirSync(each, { mode: 0o700 })
    if (isRoot) chownSync(each, uid, uid)
  }
  const bin = join(folder, 'node_modules/.bin')
  // `npm run` sets variables that lead to the cache of whoever runs it.
  const own = Object.entries(process.env).filter(([variable]) => !variable.startsWith('npm_'))
  const env = {
    ...Object.fromEntries(own),
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    PATH: `${bin}:${node}:${process.env.PATH}`,
  }
  /** What failed, with its stderr. @type {string[]} */
  const failures = []
  /** Runs a line of sh. @param {string} line @returns {Promise<{ exit: number | null, stdout: string }>} */
  async function run(line) {
    const [command = '', ...words] = [...asUser, 'sh', '-c', line]
    const child = spawn(command, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => (stdout += data))
    child.stderr.on('data', (data) => (stderr += data))
    const exit = await new Promise((resolve) => child.once('close', resolve))
    if (exit !== 0) failures.push(`${line}: exit code ${exit}\n${stderr}`)
    return { exit, stdout }
  }
  return { folder, runtime, run, failures }
}

/** @typedef {ReturnType<typeof placeOf>} Place */

const install = 'npm install --no-audit --no-fund'

/** Everything that a user does first, by its name. @type {Record<string, (place: Place) => Promise<boolean>>} */
const uses = {
  async install({ run }) {
    return (await run(`${install} ${tarball}`)).exit === 0
  },
  async tour({ run }) {
    const { exit, stdout } = await run('npx osdemo tour --json')
    const events = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
    const claims = events.filter(({ event }) => event === 'claim')
    return exit === 0 && claims.length > 50 && claims.every(({ holds }) => holds)
  },
  async why({ run }) {
    const { exit, stdout } = await run('sleep 60 & osdemo why $!; code=$?; kill $!; exit $code')
    return exit === 0 && /nanosleep/.test(stdout)
  },
  async 'two terminals'({ run }) {
    const [reader, writer] = await Promise.all([
      run('osdemo pipe read'),
      run('osdemo pipe write --interval 50ms'),
    ])
    const messages = Array.from({ length: 10 }, (_, number) => `Message ${number}\n`).join('')
    return reader.exit === 0 && writer.exit === 0 && reader.stdout === messages
  },
  async framing({ folder, run }) {
    copyFileSync(join(folder, 'node_modules/osdemo/examples/frames.mjs'), join(folder, 'frames.mjs'))
    return (await run('node frames.mjs')).stdout.includes('decode() yields ["hello","","wörld"]')
  },
  async 'nothing left'({ runtime, run }) {
    await run('osdemo clean')
    return readdirSync(join(runtime, 'osdemo')).length === 0
  },
  async 'without koffi'({ run }) {
    await run('rm -r node_modules package-lock.json package.json')
    await run(`${install} --omit=optional --ignore-scripts ${tarball}`)
    const [pipe, segment] = [await run('osdemo pipe demo'), await run('osdemo shm demo --quiet')]
    return pipe.exit === 0 && segment.exit === 69
  },
}

/** @param {string} name @param {Place} place @param {(place: Place) => Promise<boolean>} use */
async function timed(name, place, use) {
  const start = performance.now()
  const worked = await use(place)
  if (!worked) {
    process.exitCode = 1
    process.stderr.write(place.failures.join(''))
  }
  return `${name} ${worked ? 'works' : 'FAILS'} (${((performance.now() - start) / 1000).toFixed(1)} s)`
}

for (const version of versions) {
  const words = ['exec', '--yes', `--cache=${join(base, 'nodes')}`, `--package=node@${version}`, '--']
  const print = 'process.stdout.write(process.execPath + " " + process.version)'
  const [path = '', exact] = npm([...words, 'node', '-e', print]).split(' ')
  const place = placeOf(version, dirname(path))
  const results = []
  for (const [name, use] of Object.entries(uses)) results.push(await timed(name, place, use))
  process.stdout.write(`Node ${exact}: ${results.join(', ')}\n`)
}

// npm clones the repository, installs its development dependencies, builds, and packs.
const place = placeOf('git', dirname(process.execPath))
const result = await timed('install from git', place, async ({ run }) => {
  await run(`git config --global safe.directory '*' && ${install} git+file://${root}`)
  return (await run('osdemo pipe demo')).exit === 0
})
process.stdout.write(`Node ${process.version}: ${result}\n`)
