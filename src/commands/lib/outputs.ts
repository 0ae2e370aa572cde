/** Opens the outputs of a run: the view on a stream, and the files of `--save`. */

import { TimedOut } from '../../errors.js'
import type { Event } from '../../events.js'
import { createOutput, type Output, type View } from '../../run/output.js'
import { type FileOutput, openFiles, type SaveKind } from '../../run/save.js'
import { escaped } from '../../views/escape-control.js'
import { createPagesView, createProseView, createView, endings } from '../../views/index.js'
import type { ViewName } from '../../views/names.js'
import type { Level } from '../../views/prose/index.js'
import { type CommonOptions, viewName } from './common-options.js'
import type { RunSpec } from './spec.js'
import { asStarted } from './started-as.js'

const silent = { event: () => '', end: () => '' }

/**
 * Opens a view on a stream: the one that the user has named, else the usual one of the kind of command, or none with `--quiet`.
 *
 * @param run `hide`: events that are shown elsewhere
 */
export async function openOutput(
  stream: NodeJS.WriteStream,
  options: CommonOptions,
  { kind, hide }: { kind: RunSpec['kind']; hide: readonly Event['event'][] },
): Promise<Output> {
  const name = viewName(options)
  if (options.quiet && name === undefined) return createOutput(silent, process.stdout)
  const looks = {
    color: options.color,
    width: Math.max(60, stream.columns ?? 80),
    hide,
    demo: kind === 'demo' || kind === 'tour',
  }
  if (kind === 'tour' && name === undefined && !options.full) {
    return createOutput(named(await createPagesView(stream, { ...looks, height: stream.rows ?? 24 })), stream)
  }
  const level = name === undefined ? levelOf(kind, options) : undefined
  const view = level
    ? await createProseView(level, stream, looks)
    : await createView(name ?? 'timeline', stream, looks)
  return createOutput(level || name === undefined || name === 'timeline' ? named(view) : view, stream)
}

/** A view for people: the commands in notes of the role `next` and in hints are those that this user has to type. */
function named({ event: show, end }: View): View {
  return {
    event(event) {
      if (event.event === 'note' && event.role === 'next')
        return show({ ...event, text: asStarted(event.text) })
      if (event.event === 'verdict' && event.repeat !== undefined)
        return show({ ...event, repeat: asStarted(event.repeat) })
      if (event.event === 'error' && event.hint) return show({ ...event, hint: asStarted(event.hint) })
      return show(event)
    },
    end,
  }
}

/** How much of a run is shown. Undefined means all of it, as a timeline. */
function levelOf(kind: RunSpec['kind'], { brief, verbose }: CommonOptions): Level | undefined {
  switch (kind) {
    case 'tool':
      return verbose ? undefined : 'tool'
    case 'demo':
      return brief ? 'brief' : undefined
    case 'report':
      return 'document'
    case 'tour':
      return undefined
  }
}

/** The files of `--save`. @throws OsdemoError where one cannot be created; TimedOut where its file system does not answer in time */
export async function openRecords({ save = [], timeout }: CommonOptions): Promise<FileOutput[]> {
  const looks = { color: false, width: 80, hide: [] }
  // All views are loaded first, so that no file is created when one of them fails to load.
  const files = await Promise.all(
    save.map(async (path) => {
      const name = viewFor(path)
      return { path, view: await createView(name, undefined, looks), kind: kindOf(path, name) }
    }),
  )
  const opening = openFiles(files, (paths) => {
    const list = paths.map(escaped).join(' and ')
    process.stderr.write(`osdemo: waiting for the file system of ${list}, which does not answer\n`)
  })
  if (timeout === undefined) return opening
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(timeout.text)), timeout.milliseconds)
  })
  return Promise.race([opening, late]).finally(() => clearTimeout(timer))
}

/** The view that the ending of a file name selects. */
function viewFor(path: string): ViewName {
  // `savedFile` accepts a path only if it has one of the endings.
  return Object.entries(endings).find(([ending]) => path.endsWith(ending))![1]
}

/** A picture needs all events, so it is drawn at the end. NDJSON is written event by event. */
function kindOf(path: string, name: ViewName): SaveKind {
  if (path.endsWith('.png')) return 'png'
  if (path.endsWith('.pdf')) return 'pdf'
  return name === 'ndjson' ? 'growing' : 'whole'
}
