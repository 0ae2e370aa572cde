/** Maps POSIX shared memory and a file, step by step, as the supervisor tells it. It reports its calls, and what it reads. */
import { closeSync, openSync, readSync } from 'node:fs'
import { OsdemoError } from '../errors.js'
import { now } from '../events.js'
import {
  makeObject,
  mapObject,
  openObject,
  reserve,
  setMode,
  syncMapped,
  unlinkObject,
} from '../ipc/posix-shm.js'
import { type Attached, textIn } from '../ipc/sysv-shm.js'
import { runActor, splitWord, type Verb } from './lib/runtime.js'

export interface MapperConfig {
  /** The name of the shared memory. */
  name: string
  /** The path of the file; empty where there is none. */
  file: string
  /** Bytes of each. */
  size: number
}

/** What it maps: the shared memory with MAP_SHARED and with MAP_PRIVATE, and the file. */
export type MappedPart = 'shared' | 'private' | 'file'

/** What the supervisor may tell it. `store` is followed by a part and a text. */
export type MapperWord =
  | 'make'
  | 'set-size'
  | 'find'
  | 'unlink'
  | 'read-file'
  | 'sync'
  | 'unmap'
  | 'end'
  | `map ${MappedPart}`
  | `look ${MappedPart}`
  | `store ${MappedPart} ${string}`

declare module '../actor-types.js' {
  interface Actors {
    mapper: { config: MapperConfig; word: MapperWord; runsAs: 'process' }
  }
}

runActor<'mapper'>(async ({ say, config: { name, file, size }, nextWord }) => {
  const mapped = new Map<string, Attached>()
  let made: number | undefined
  const counts = new Map<string, number>()
  const channelOf = (part: string) => (part === 'file' ? file : name)
  /** How many messages this process has sent to or received from a channel before. */
  const next = (channel: string) => {
    const seq = counts.get(channel) ?? 0
    counts.set(channel, seq + 1)
    return seq
  }
  const call = (call: string, object: string, result?: number) =>
    say({ event: 'call', phase: 'end', call, object, ...(result !== undefined && { result }) })

  /** Reports a call whose errno is part of the demo. */
  const refusable = (call: string, object: string, make: () => void) => {
    let errno: string | undefined
    try {
      make()
    } catch (error) {
      if (!(error instanceof OsdemoError) || error.errno === undefined) throw error
      errno = error.errno
    }
    say({ event: 'call', phase: 'end', call, object, ...(errno !== undefined && { errno }) })
  }

  /** The words that have no argument. */
  const steps: Record<'make' | 'set-size' | 'find' | 'unlink' | 'read-file' | 'sync' | 'unmap', () => void> =
    {
      make() {
        made = makeObject(name)
        call('shm_open', `${name}, O_CREAT`, made)
      },
      'set-size'() {
        // The supervisor tells it to make the object before.
        const fd = made!
        setMode(fd, 0o600)
        // Also reserves the page: where /dev/shm is full, SIGBUS would kill the process that writes to it.
        reserve(fd, size)
        call('ftruncate', `descriptor ${fd}, ${size} bytes`)
      },
      find: () => refusable('shm_open', name, () => closeSync(openObject(name, 'read'))),
      unlink() {
        unlinkObject(name)
        call('shm_unlink', name)
        say({ event: 'removed', kind: 'object', id: name })
      },
      'read-file'() {
        const fd = openSync(file, 'r')
        const bytes = Buffer.alloc(size)
        const length = readSync(fd, bytes)
        closeSync(fd)
        received('file', textIn(bytes.buffer.slice(0, length)))
      },
      sync() {
        const { address } = partOf('file')
        say({ event: 'call', phase: 'begin', call: 'msync', object: 'the mapping of the file, MS_SYNC' })
        syncMapped(address, size)
        call('msync', 'the mapping of the file, MS_SYNC')
      },
      unmap() {
        for (const part of ['shared', 'private']) mapped.get(part)?.detach()
        call('munmap', name)
      },
    }

  function map(part: string): void {
    const fd = part === 'file' ? openSync(file, 'r+') : (made ?? openObject(name, 'write'))
    const isPrivate = part === 'private'
    const flag = isPrivate ? 'MAP_PRIVATE' : 'MAP_SHARED'
    refusable('mmap', `${channelOf(part)}, ${flag}, ${size} bytes`, () =>
      mapped.set(part, mapObject(fd, size, { isPrivate })),
    )
    // The mapping stays.
    closeSync(fd)
    made = undefined
  }

  function partOf(part: string): Attached {
    const found = mapped.get(part)
    if (found) return found
    throw new OsdemoError(`the part ${part} is not mapped`, 1)
  }

  function store(part: string, text: string): void {
    const begin = now()
    Buffer.from(partOf(part).memory).write(`${text}\0`)
    if (part === 'private')
      say({ event: 'evidence', source: 'MAP_PRIVATE', value: text, about: 'written to it' })
    else {
      const channel = channelOf(part)
      say({ event: 'sent', channel, seq: next(channel), bytes: Buffer.byteLength(text), text }, begin)
    }
  }

  function look(part: string): void {
    const text = textIn(partOf(part).memory)
    const value = text.toString()
    if (part === 'private')
      say({ event: 'evidence', source: 'MAP_PRIVATE', value, about: 'read from it', data: { text: value } })
    else received(part, text)
  }

  function received(part: string, text: Buffer): void {
    const channel = channelOf(part)
    say({ event: 'received', channel, seq: next(channel), bytes: text.length, text: text.toString() })
  }

  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    const [verb, rest] = splitWord(word)
    const [part = '', ...texts] = rest.split(' ')
    if (verb === 'map') map(part)
    else if (verb === 'look') look(part)
    else if (verb === 'store') store(part, texts.join(' '))
    else steps[verb satisfies Exclude<Verb<MapperWord>, 'end'>]()
  }
})
