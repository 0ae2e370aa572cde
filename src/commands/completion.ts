import { Argument } from '@commander-js/extra-typings'
import { UsageError } from '../errors.js'
import { type Event, now } from '../events.js'
import { candidates } from './lib/candidates.js'
import { plainCommand } from './lib/spec.js'

const shells = ['bash', 'zsh', 'fish'] as const

/**
 * The scripts contain no commands and no options: they call `osdemo completion words`. It prints a line for each candidate: the
 * word, a tab and its meaning. `@files` stands for the names of files.
 */
const scripts: Record<(typeof shells)[number], string> = {
  bash: `# Completion of osdemo for bash. In ~/.bashrc: source <(osdemo completion bash)
_osdemo() {
  local line current="\${COMP_WORDS[COMP_CWORD]}"
  [[ $current == = ]] && current=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == @files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
    elif [[ $line == "$current"* ]]; then
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(osdemo completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _osdemo osdemo
`,
  zsh: `#compdef osdemo
# Completion of osdemo for zsh. In ~/.zshrc, after compinit: source <(osdemo completion zsh)
_osdemo() {
  local line failed=1
  local -a found
  for line in "\${(@f)$(osdemo completion words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == @files ]]; then
      compset -P '--*='
      _files && failed=0
    elif [[ -n $line ]]; then
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( $#found )) && _describe osdemo found && failed=0
  return failed
}
if [[ $funcstack[1] == _osdemo ]]; then _osdemo "$@"; else compdef _osdemo osdemo; fi
`,
  fish: `# Completion of osdemo for fish. In ~/.config/fish/config.fish: osdemo completion fish | source
function __osdemo_words
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (osdemo completion words -- $words[2..] "$current" 2>/dev/null)
        if test "$line" = @files
            set -l option (string match -r -- '^--[a-z-]+=' "$current")
            string replace -r -- '^' "$option" (__fish_complete_path (string replace -- "$option" '' "$current"))
        else
            echo $line
        end
    end
end
complete -c osdemo -f -a '(__osdemo_words)'
`,
}

export const spec = plainCommand({
  shows: false,
  examples: [
    'source <(osdemo completion bash)         # in ~/.bashrc',
    'source <(osdemo completion zsh)          # in ~/.zshrc, after compinit',
    'osdemo completion fish | source          # in ~/.config/fish/config.fish',
    'osdemo completion words -- pipe write -  # what such a script calls',
  ],
  options: (command) =>
    command
      .addArgument(
        new Argument('[shell]', 'the shell; `words` prints candidates').choices([...shells, 'words']),
      )
      .argument('[word...]', 'after `words`: the command line without osdemo; the last word is completed'),
  async act([shell, words], { json }, page) {
    if (shell === undefined) {
      page.outputHelp({ error: true })
      throw new UsageError('osdemo completion needs a shell', `Name one of ${shells.join(', ')}.`)
    }
    if (shell !== 'words' && words.length > 0) {
      throw new UsageError(`unexpected words after ${shell}: ${words.join(' ')}`, 'Leave them out.')
    }
    const text = shell === 'words' ? await candidates(words) : scripts[shell]
    const stamp = { v: 1, t: now(), pid: process.pid, tid: process.pid, actor: 'osdemo' } as const
    const event: Event = { ...stamp, event: 'note', text, role: 'step' }
    process.stdout.write(json ? `${JSON.stringify(event)}\n` : text)
  },
})
