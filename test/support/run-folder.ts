/** Finds and changes the folders of runs in a runtime folder. */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect } from 'vitest'
import type { Place } from './osdemo.js'

/** The folder of a place's only run. */
export function runFolderOf(place: Place): string {
  const runtime = join(place.folder, 'osdemo')
  const names = readdirSync(runtime).filter((name) => name.startsWith('run-'))
  expect(names).toHaveLength(1)
  return join(runtime, names[0]!)
}

export interface FolderName {
  pid: string
  startTicks: string
  namespaces: string
  boot: string
}

/** Renames the folder of a run; the name identifies the run. */
export function renameFolder(folder: string, change: (parts: FolderName) => Partial<FolderName>): string {
  const [, pid = '', start = '', boot = '', namespaces = '0.3'] = basename(folder).split('-')
  const name = { pid, startTicks: `${Number.parseInt(start, 36)}`, boot, namespaces }
  const changed = { ...name, ...change(name) }
  const startTime = Number(changed.startTicks).toString(36)
  const words = ['run', changed.pid, startTime, changed.boot, changed.namespaces]
  const renamed = join(dirname(folder), words.join('-'))
  renameSync(folder, renamed)
  return renamed
}

/** Changes a record; the other fields stay as they are. */
// biome-ignore lint/suspicious/noExplicitAny: it is JSON
export function editRecord(entry: string, change: (content: any) => unknown): void {
  writeFileSync(entry, JSON.stringify(change(JSON.parse(readFileSync(entry, 'utf8')))))
}
