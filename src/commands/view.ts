import { isatty } from 'node:tty'
import { UsageError } from '../errors.js'
import { merge } from '../replay/merge.js'
import { openRecording, type Recording } from '../replay/recording.js'
import { replay } from '../replay/replay.js'
import { openOutput, openRecords } from './lib/outputs.js'
import { plainCommand } from './lib/spec.js'

export const spec = plainCommand({
  shows: true,
  examples: [
    'osdemo pipe demo --save run.ndjson; osdemo view run.ndjson',
    'osdemo view reader.ndjson writer.ndjson   # two terminals as one story',
    'osdemo view run.ndjson --save run.svg --save run.html   # pictures of a recorded run',
    'osdemo view reader.ndjson writer.ndjson --view mermaid  # a diagram for a Markdown page',
    'osdemo tour --json | osdemo view',
    'osdemo view run.ndjson --json | jq -r .event',
  ],
  options: (command) =>
    command.argument('[file...]', 'recorded events, as --save FILE.ndjson writes them; - or none: stdin'),
  async act([files], options) {
    const recordings = open(files)
    refuseInputs(recordings, options.save)
    const records = await openRecords(options.save)
    const output = await openOutput(process.stdout, options, { kind: 'demo', hide: [] })
    await replay(merge(recordings), output, records, options.timeout)
  },
})

function open(files: string[]): Recording[] {
  if (files.length === 0 && isatty(0)) {
    throw new UsageError('there is nothing to show: no FILE, and stdin is a terminal', 'osdemo view FILE')
  }
  if (files.filter((file) => file === '-').length > 1) throw new UsageError('stdin can be read only once')
  const names = files.length > 0 ? files : ['-']
  const recordings: Recording[] = []
  for (const name of names) {
    if (recordings.some(({ isFile }) => isFile(name))) {
      throw new UsageError(`${name} is given twice`, 'name each recording once')
    }
    recordings.push(openRecording(name, (text) => void process.stderr.write(`osdemo: note: ${text}\n`)))
  }
  return recordings
}

/** Writing to a file that is being read would destroy it, or never end. @throws UsageError */
function refuseInputs(recordings: Recording[], save: string[] = []): void {
  for (const { name, isFile } of recordings) {
    const target = save.find(isFile)
    if (target !== undefined) {
      throw new UsageError(`cannot save to ${target}: it is read as ${name}`, 'name another file')
    }
    if (isFile(1)) {
      throw new UsageError(`stdout is ${name}, which is read`, 'send stdout to another file')
    }
  }
}
