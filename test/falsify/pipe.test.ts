/** The claims about pipes and FIFOs come out false when another process opens, reads or writes the FIFO of the demo. */
import { spawnSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, vi } from 'vitest'
import { pipeCapacity } from '../../src/demos/pipe/capacity.js'
import { pipeDemo } from '../../src/demos/pipe/demo.js'
import { pipeOneMachine } from '../../src/demos/pipe/one-machine.js'
import type { Event, Fact } from '../../src/events.js'
import * as limits from '../../src/proc/limits.js'
import * as stat from '../../src/proc/stat.js'
import type { Demo } from '../../src/run/stage.js'
import { only } from '../support/facts.js'
import { disturbed, falsify } from '../support/falsify.js'
import { impostors, placeWith, playedWith } from '../support/impostors.js'
import { perform } from '../support/perform.js'

/** A mkfifo that opens the FIFO before the demo does: descriptor 3 of the shell. */
const andOpen = '"$real" "$@" || exit; for fifo; do :; done; exec 3<>"$fifo"'

/** A setpriv that does something before it starts the actor of this program. Descriptors 3 and 4 are the actor's. */
const before = (program: string, script: string) =>
  `case "$*" in */actors/${program}.cjs)
fifo=$(echo "$XDG_RUNTIME_DIR"/osdemo/run-*/*)
${script}
esac; exec "$real" "$@"`

const isClaim = (id: string) => (event: Event) => event.event === 'claim' && event.id === id

describe.runIf(process.platform === 'linux')('pipe', () => {
  falsify(['fifo/reader-blocks-in-open'], 'another process has the FIFO open before the reader comes', () => {
    const mkfifo = `${andOpen}; (while [ ! -e "$XDG_RUNTIME_DIR/go" ]; do sleep 0.02; done) >/dev/null 2>&1 &`
    const place = placeWith(impostors({ mkfifo }))
    const close = () => writeFileSync(join(place.folder, 'go'), '')
    return disturbed(['pipe', 'demo'], isClaim('fifo/reader-blocks-in-open'), close, place)
  })

  falsify(
    ['fifo/both-ends-open-one-inode', 'pipe/messages-arrive-in-order', 'pipe/end-of-file-after-last-writer'],
    'another process stands between the writer and the reader, changes a message, and closes before the writer',
    () => {
      const setpriv = before(
        'fifo-writer',
        // The reader gets a writer before the FIFO is replaced, because while it waits it would open the new one.
        // osdemo is stopped until the reader has exited, so that it can ask the writer to close only after that.
        `exec 5>"$fifo"; mv "$fifo" "$fifo.old"; mkfifo -m 600 "$fifo"
for pid in $(cat /proc/$PPID/task/*/children); do grep -q fifo-reader "/proc/$pid/cmdline" && reader=$pid; done
while read -r line; do
  case $line in
  *4) echo "Message 5";;
  *9) kill -STOP "$PPID"; echo "$line"; exec >&-
    until grep -q '^State:.Z' "/proc/$reader/status"; do sleep 0.01; done
    kill -CONT "$PPID";;
  *) echo "$line";;
  esac
done <"$fifo" 3>&- 4>&- >&5 5>&- &
exec 5>&-`,
      )
      return playedWith(impostors({ setpriv }), ['pipe', 'demo'])
    },
  )

  falsify(['process/none-is-left'], 'the kernel still lists a process that has been reaped', async () => {
    vi.spyOn(stat, 'isAlive').mockReturnValue(true)
    return (await perform(pipeDemo)).events
  })

  falsify(
    ['pipe/short-writes-are-atomic', 'pipe/long-writes-may-be-torn'],
    'another process writes the byte of a writer all the time',
    () => {
      // The first byte has this effect: where it ends, no message of that writer is complete.
      const flood = `{ exec >"$fifo"; printf B; exec tr '\\0' B </dev/zero; } >/dev/null 2>&1 &`
      const mkfifo = `"$real" "$@" || exit; for fifo; do :; done; ${flood}`
      return playedWith(impostors({ mkfifo }), ['pipe', 'atomic'])
    },
  )

  falsify(
    [
      'pipe/holds-its-capacity',
      'pipe/partly-read-page-gives-no-room',
      'pipe/wholly-read-page-gives-room',
      'pipe/writer-blocks-when-full',
      'pipe/blocked-writer-continues-after-read',
      'pipe/small-writes-fill-it',
    ],
    'another process writes a byte first, empties the pipe before the writer comes, and then writes now and then',
    () => {
      const mkfifo = `${andOpen}; printf '?' >&3; sleep 1000 >/dev/null 2>&1 &`
      const setpriv = before(
        'fifo-writer',
        `dd if="$fifo" of=/dev/null bs=65536 count=1 2>/dev/null
(while printf '?'; do sleep 0.001; done) <>"$fifo" 3>&- 4>&- >"$fifo" 2>/dev/null &`,
      )
      return playedWith(impostors({ mkfifo, setpriv }), ['pipe', 'capacity'])
    },
  )

  falsify(
    ['pipe/growing-beyond-limit-is-refused'],
    'the kernel reports a limit that is half of its own',
    async () => {
      const limit = limits.pipeSizeLimit() ?? 0
      vi.spyOn(limits, 'pipeSizeLimit').mockReturnValue(limit / 2)
      return (await perform(pipeCapacity({ brief: true }))).events
    },
  )

  falsify(
    [
      'pipe/turns-carry-both-directions',
      'pipe/half-duplex-one-writer-at-a-time',
      'fifo/read-write-open-needs-no-other-end',
      'pipe/writer-may-read-its-own-message',
      'pipe/reader-blocks-when-empty',
      'pipe/two-pipes-carry-two-directions',
      'pipe/end-of-file-after-last-writer',
    ],
    'another process has written more to every FIFO than the demo reads',
    async () => {
      const mkfifo = `${andOpen}; head -c 40000 /dev/zero >&3; sleep 1000 >/dev/null 2>&1 &`
      const events = await playedWith(impostors({ mkfifo }), ['pipe', 'half-duplex'])
      // Some ids are claimed twice.
      expect(only(events, 'claim').map(({ holds }) => holds)).toEqual(new Array(9).fill(false))
      return events
    },
  )

  falsify(
    ['fifo/bytes-are-not-in-the-file'],
    'another process puts a file with bytes in its place',
    async () => {
      let path = ''
      const replace = (fact: Fact) => {
        if (fact.event === 'created') path = fact.id
        // The second step: the pipe is full.
        if (fact.event === 'note' && fact.role === 'step' && ++steps === 2) {
          renameSync(path, `${path}.old`)
          writeFileSync(path, 'bytes')
        }
      }
      let steps = 0
      const demo: Demo = (stage) =>
        pipeOneMachine({
          ...stage,
          note(text, role = 'step', data) {
            replace({ event: 'note', text, role })
            stage.note(text, role, data)
          },
          say(fact, at) {
            replace(fact)
            stage.say(fact, at)
          },
        })
      return (await perform(demo)).events
    },
  )

  const mayUnshare = spawnSync('unshare', ['--map-root-user', '--mount', '--net', 'true']).status === 0
  describe.runIf(mayUnshare)('where a user may make namespaces', () => {
    falsify(
      ['fifo/copy-is-another-pipe', 'fifo/connects-across-namespaces', 'fifo/second-inode-is-another-pipe'],
      'cp makes a link, the reader stays in our namespaces, and the other mount is the same folder',
      () => {
        const cp = 'ln -- "$3" "$4"'
        const unshare = `case "$*" in *--net*) while [ "$1" != sh ]; do shift; done; exec "$@";; esac; exec "$real" "$@"`
        // The arguments of the overlay: -t overlay -o lowerdir=FOLDER:/mnt/empty none /mnt/view
        const mount = `[ "$2" = overlay ] || exec "$real" "$@"
folder=\${4#lowerdir=}; exec "$real" --bind "\${folder%:*}" "$6"`
        return playedWith(impostors({ cp, unshare, mount }), ['pipe', 'one-machine'])
      },
    )
  })
})
