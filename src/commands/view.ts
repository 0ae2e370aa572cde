import { isatty } from 'node:tty'
import { UsageError } from '../errors.js'
import { merge } from '../replay/merge.js'
import { openRecording, type Recording } from '../replay/recording.js'
import { replay } from '../replay/replay.js'
import type { FileOutput } from '../run/save.js'
import { escaped } from '../views/escape-control.js'
import { openOutput, openRecords } from './lib/outputs.js'
import { plainCommand } from './lib/spec.js'

export const spec = plainCommand({
  shows: true,
  examples: [
    'osdemo pipe demo --save run.ndjson; osdemo view run.ndjson',
    'osdemo view reader.ndjson writer.ndjson     # two terminals, merged',
    'osdemo view run.ndjson --save run.html      # a page with a picture',
    'osdemo view run.ndjson --view mermaid       # a diagram for Markdown',
    'osdemo tour --json | osdemo view',
    'osdemo view run.ndjson --json | jq -r .event',
  ],
  options: (command) =>
    command.argument('[file...]', 'events, as --save FILE.ndjson writes them; without one, or with -, stdin'),
  async act([files], options) {
    const recordings = open(files)
    refuseStdout(recordings)
    const records = await openRecords(options)
    // Nothing has been written yet, and the files exist already, because they are read.
    refuseInputs(recordings, records)
    const output = await openOutput(process.stdout, options, { kind: 'demo', hide: [] })
    await replay(merge(recordings), output, records, options.timeout)
  },
})

function open(files: string[]): Recording[] {
  if (files.length === 0 && isatty(0)) {
    throw new UsageError(
      'there is nothing to show: no FILE, and stdin is a terminal',
      'Name a recording: osdemo view FILE',
    )
  }
  if (files.filter((file) => file === '-').length > 1)
    throw new UsageError('stdin was named twice', 'Write - only once.')
  const names = files.length > 0 ? files : ['-']
  const recordings: Recording[] = []
  for (const name of names) {
    if (recordings.some(({ isFile }) => isFile(name))) {
      throw new UsageError(`${name} was named twice`, 'Name each recording once.')
    }
    recordings.push(
      openRecording(name, (text) => void process.stderr.write(`osdemo: note: ${escaped(text)}\n`)),
    )
  }
  return recordings
}

/** Writing to a file while it is read would destroy it or never end. @throws UsageError */
function refuseInputs(recordings: Recording[], records: FileOutput[]): void {
  for (const { name, isSavedAs } of recordings) {
    const target = records.find(({ identity }) => isSavedAs(identity))
    if (target === undefined) continue
    throw new UsageError(`cannot save to ${target.path}: it is also read, as ${name}`, 'Name another file.')
  }
}

/** As `refuseInputs`. @throws UsageError */
function refuseStdout(recordings: Recording[]): void {
  for (const { name, isFile } of recordings) {
    if (!isFile(1)) continue
    throw new UsageError(
      `cannot write to stdout: it is ${name}, which is also read`,
      'Redirect stdout to another file.',
    )
  }
}
