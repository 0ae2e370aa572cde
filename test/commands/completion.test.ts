/** Completion: it offers what exists, and real shells display it. */
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands, topics } from '../../src/commands/index.js'
import { candidates } from '../../src/commands/lib/candidates.js'
import { createProgram } from '../../src/commands/lib/program.js'
import { newPlace, program, temporaryFolder } from '../support/osdemo.js'

async function offers(...words: string[]): Promise<string[]> {
  const text = await candidates(words)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0]!)
}

test('every command, group, option and choice is offered, and files where a file is expected', async () => {
  expect(await offers('')).toEqual([...Object.keys(topics), 'help'])
  const program = createProgram()
  for (const path of commands.keys()) {
    const words = path.split(' ')
    expect(await offers(...words.slice(0, -1), '')).toContain(words.at(-1))
    const { options } = await program.prepare(path)
    expect(await offers(...words, '-')).toEqual([...options.map(({ long }) => long), '--help'])
    for (const { long, flags, argChoices } of options) {
      const takesFile = /<(file|path)>/.test(flags)
      if (argChoices) expect(await offers(...words, long!, '')).toEqual(argChoices)
      else if (takesFile) expect(await offers(...words, long!, '')).toEqual(['@files'])
      else if (flags.includes('<')) expect(await offers(...words, long!, '')).toEqual([])
    }
  }
})

test('after help, the glossary is offered beside the commands', async () => {
  expect(await offers('help', '')).toEqual([...Object.keys(topics), 'help', 'terms'])
})

test.each([
  [
    ['--json', 'pipe', ''],
    ['read', 'write', 'demo', 'anonymous', 'pipeline', 'atomic', 'capacity', 'half-duplex', 'one-machine'],
  ],
  [['view', ''], ['@files']],
  [
    ['view', '--view=nd'],
    [
      '--view=timeline',
      '--view=ndjson',
      '--view=mermaid',
      '--view=perfetto',
      '--view=svg',
      '--view=html',
      '--view=csv',
    ],
  ],
  [
    ['view', '--view', '=', 'nd'],
    ['timeline', 'ndjson', 'mermaid', 'perfetto', 'svg', 'html', 'csv'],
  ],
  [
    ['help', 'pipe', ''],
    ['read', 'write', 'demo', 'anonymous', 'pipeline', 'atomic', 'capacity', 'half-duplex', 'one-machine'],
  ],
  [['pipe', 'write', '--', '-'], []],
  [['help', 'terms', ''], []],
  [['nonsense', ''], []],
])('%j: %j', async (words, expected) => {
  expect(await offers(...words)).toEqual(expected)
})

test('an unknown shell exits 2 and names the known ones; without a shell it prints help and exits 2', async () => {
  const unknown = newPlace().osdemo(['completion', 'tcsh'])
  expect(await unknown.exit).toBe(2)
  expect(unknown.stderr()).toContain('bash, zsh, fish')
  const bare = newPlace().osdemo(['completion'])
  expect({ exit: await bare.exit, stdout: bare.stdout() }).toEqual({ exit: 2, stdout: '' })
  expect(bare.stderr()).toContain('source <(osdemo completion bash)')
})

/** What is typed, and the line after the Tab key. */
const typed: [line: string, completed: string][] = [
  ['osdemo pip', 'osdemo pipe'],
  ['osdemo pipe wr', 'osdemo pipe write'],
  ['osdemo tour --view nd', 'osdemo tour --view ndjson'],
  ['osdemo tour --view=nd', 'osdemo tour --view=ndjson'],
  ['osdemo shm --wor', 'osdemo shm --workers'],
  ['osdemo view my', 'osdemo view my-run.ndjson'],
  ['osdemo tour --save my', 'osdemo tour --save my-run.ndjson'],
  ['osdemo tour --save=my', 'osdemo tour --save=my-run.ndjson'],
]

/** Runs lines in a shell, in a folder with a recording; `osdemo` there is the program of the checkout. */
function shell(name: string, words: string[], script: string): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'my-run.ndjson'), '')
  writeFileSync(join(folder, 'osdemo'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
  chmodSync(join(folder, 'osdemo'), 0o755)
  writeFileSync(join(folder, 'script'), script)
  const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, TERM: 'dumb', LC_ALL: 'C.UTF-8' }
  const { stdout, stderr } = spawnSync(name, [...words, 'script'], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 50_000,
  })
  return stdout + stderr
}

function testIn(name: string, title: string, body: () => void): void {
  const missing = spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0
  test.skipIf(missing)(`${name} ${title}${missing ? ` (skipped: there is no ${name} here)` : ''}`, body)
}

testIn('bash', 'completes', () => {
  // bash splits words at `=` too, and completes the last part.
  const lines = typed.map(([line]) => `try ${line.replace('=', ' = ')}`)
  const shown = shell(
    'bash',
    ['--norc'],
    `source <(osdemo completion bash)
    try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _osdemo; echo "\${COMPREPLY[*]}"; }
    ${lines.join('\n')}
    complete -p osdemo`,
  )
  const last = typed.map(([, completed]) => completed.split(/[ =]/).at(-1)!)
  expect(shown.trim().split('\n')).toEqual([...last, 'complete -F _osdemo osdemo'])
})

testIn('zsh', 'completes', () => {
  // A terminal of its own, with a key that completes and prints the line.
  const inner =
    'PROMPT=; autoload -Uz compinit; compinit -u -D; source <(osdemo completion zsh); show() { zle complete-word; print -r -- "[$BUFFER]"; BUFFER= }; zle -N show; bindkey \'^I\' show; print READY'
  const shown = shell(
    'zsh',
    ['-f'],
    `zmodload zsh/zpty
    zpty -b terminal zsh -f -i
    expect() { local chunk seen; for i in {1..500}; do zpty -r -t terminal chunk && { seen+=$chunk; print -rn -- $chunk }; [[ $seen == *$~1* ]] && return; sleep 0.02; done; print "never $1" }
    zpty -w terminal ${JSON.stringify(inner).replaceAll('$', '\\$')}
    expect $'\\nREADY'
    ${typed.map(([line]) => `zpty -n -w terminal $'${line}\\t'; expect '\\[osdemo*\\]'`).join('\n')}
    zpty -d terminal`,
  )
  const lines = [...shown.matchAll(/\[(osdemo [^\]]*)\]/g)].map(([, line]) => line!.trim())
  expect(lines, shown).toEqual(typed.map(([, completed]) => completed))
})

testIn('fish', 'completes', () => {
  const lines = typed.map(([line]) => `complete -C '${line}' | string replace -r '\\t.*' ''`)
  const shown = shell('fish', ['--no-config'], ['osdemo completion fish | source', ...lines].join('\n'))
  const last = typed.map(([, completed]) => completed.split(' ').at(-1)!)
  expect(shown.trim().split('\n')).toEqual(last)
})
