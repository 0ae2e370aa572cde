/** POSIX shared memory: two processes map one file of /dev/shm, one of them privately too, and its name is removed. */
import { readFileSync, watch } from 'node:fs'
import type { MapperWord } from '../../actors/mapper.js'
import { DemoFailed, errnoOf } from '../../errors.js'
import type { Event } from '../../events.js'
import { identityOf, objectAt, objectFolder } from '../../ipc/posix-shm.js'
import { deviceText } from '../../proc/device.js'
import { type Mapping, readSmaps } from '../../proc/smaps.js'
import type { ActorOf, EventOf } from '../../run/actor.js'
import type { LedgerEntry } from '../../run/ledger.js'
import type { Demo, Stage } from '../../run/stage.js'
import { kib } from '../../text.js'
import { objectOfChild } from '../shared/object-of-child.js'
import { requireProc } from '../shared/require-proc.js'
import { framesAt } from '../shared/same-frame.js'
import { makeDiskFile, showFile } from './mapped-file.js'
import { type NamedObject, requireObjects, showObject } from './object.js'

/** Bytes of the object and of the file. */
const size = 4096

const [text, ownText, lateText] = ['hello', 'changed', 'still here']

export type Mapper = ActorOf<'mapper'>

/** The object, and the processes that map it. */
interface Sharing {
  object: NamedObject
  first: Mapper
  second: Mapper
}

export const shmPosix: Demo = async (stage) => {
  requireProc('shm posix')
  requireObjects('shm posix')
  stage.note(
    'POSIX shared memory is a file that exists in memory only. ' +
      'Watch two processes map it and find the same page, and watch what MAP_PRIVATE and msync(2) change.',
    'opening',
  )
  const name = newName()
  const file = makeDiskFile(stage, size)
  const config = { name, file: file ?? '', size }
  const recordBy = objectOfChild(stage, 'object', name)
  const enter = (role: string) => stage.start({ program: 'mapper', name: role, config })
  const [first, second] = await Promise.all([enter('first'), enter('second')])
  const sharing = { object: await make(stage, first, name, recordBy(first.id)), first, second }
  await showSharing(stage, sharing)
  await showPrivate(stage, sharing)
  await showUnlink(stage, sharing)
  await showFile(stage, first, second, file)
  for (const mapper of [first, second]) mapper.tell('end')
  await Promise.all([first.ended, second.ended])
  stage.note(
    'Shared memory is a file whose pages are in several address spaces. With MAP_PRIVATE, a process writes to copies of its own. ' +
      'msync(2) is for the disk, not for the other processes.',
    'closing',
  )
  stage.note(
    'Next: `osdemo shm write hello --name /osdemo` leaves shared memory for other terminals.',
    'next',
  )
}

/** A name of its own: two demos that run at the same time must not share an object. */
function newName(): string {
  let name = `/osdemo-${process.pid}`
  for (let n = 1; objectAt(name); n++) name = `/osdemo-${process.pid}-${n}`
  return name
}

/** Tells a process to make a call. @returns the end of that call */
export async function ask(mapper: Mapper, word: MapperWord): Promise<EventOf<'call'>> {
  const isEnd = ({ phase }: EventOf<'call'>) => phase === 'end'
  const before = mapper.events.filter((event) => event.event === 'call' && isEnd(event)).length
  mapper.tell(word)
  let seen = 0
  return mapper.until('call', (event) => isEnd(event) && ++seen > before)
}

/** Tells a process to read or to write a text. @returns the text */
export async function pass(mapper: Mapper, kind: 'sent' | 'received', word: MapperWord) {
  const before = mapper.events.filter(({ event }) => event === kind).length
  mapper.tell(word)
  let seen = 0
  return (await mapper.until(kind, () => ++seen > before)).text
}

/** The first process creates the object, which is on record already. */
async function make(stage: Stage, first: Mapper, name: string, entry: LedgerEntry): Promise<NamedObject> {
  await ask(first, 'make')
  const stats = objectAt(name)
  if (!stats) throw new DemoFailed(`another process removed ${name}`, { hint: 'Run the demo again.' })
  const object = { name, ...identityOf(stats) }
  entry.made(object.ino, object.device)
  stage.say({ event: 'created', kind: 'object', id: name })
  showObject(stage, object, 'new objects have 0 bytes')
  await ask(first, 'set-size')
  return object
}

async function showSharing(stage: Stage, { object, first, second }: Sharing): Promise<void> {
  await Promise.all([ask(first, 'map shared'), ask(second, 'map shared')])
  const stats = showObject(stage, object, 'its size is set')
  stage.claim(
    'shm/posix-object-is-a-file',
    `shm_open(3) creates a file in ${objectFolder}, and ftruncate(2) sets its size: ${size} bytes.`,
    stats?.size === size,
  )
  stage.note('The first process writes a text to the memory, and the second one reads it.')
  await pass(first, 'sent', `store shared ${text}`)
  const got = await pass(second, 'received', 'look shared')
  const [one, two] = [first, second].map((mapper) => showMapping(stage, mapper, object, 's'))
  stage.claim(
    'shm/processes-map-one-object',
    `Both processes map the same file: the kernel lists inode ${object.ino} in the address space of each.`,
    one !== undefined && two !== undefined,
  )
  stage.claim(
    'shm/mapped-pages-are-shared',
    'What one process writes to a MAP_SHARED mapping, another process reads at once, without a system call.',
    got === text,
  )
  const frames =
    one && two && framesAt({ pid: first.id, address: one.from }, { pid: second.id, address: two.from })
  if (!frames) {
    stage.note('Not observed: physical memory. The kernel shows it to processes with CAP_SYS_ADMIN.', 'aside')
    return
  }
  const value = `first: page ${frames[0]}, second: page ${frames[1]}`
  stage.evidence(`/proc/${first.id}/pagemap, /proc/${second.id}/pagemap`, value, 'in physical memory', {
    data: { part: 'shared', first: frames[0], second: frames[1] },
  })
  stage.claim(
    'shm/shared-page-is-in-memory-once',
    'The page is in physical memory only once: the addresses of both processes lead to it.',
    frames[0] === frames[1],
  )
}

/** The mapping of the object in a process: `s` for shared, `p` for private. */
function mappingOf(pid: number, { device, ino }: NamedObject, kind: 's' | 'p'): Mapping | undefined {
  return readSmaps(pid)?.find(
    (one) => one.inode === ino && one.device === deviceText(device) && one.permissions[3] === kind,
  )
}

/** Quotes the line of /proc/PID/maps about a mapping. */
function showMapping(
  stage: Stage,
  mapper: Mapper,
  object: NamedObject,
  kind: 's' | 'p',
): Mapping | undefined {
  const found = mappingOf(mapper.id, object, kind)
  if (!found) return undefined
  const { from, to, permissions, device, inode, name } = found
  const value = `${from.toString(16)}-${to.toString(16)} ${permissions} ${device} ${inode} ${name}`
  stage.evidence(`/proc/${mapper.id}/maps`, value, `the ${mapper.name} process`, {
    data: { process: mapper.name, address: from.toString(16), permissions, inode, name },
  })
  return found
}

async function showPrivate(stage: Stage, { object, second }: Sharing): Promise<void> {
  stage.note('The second process maps the object once more, with MAP_PRIVATE, and writes to this mapping.')
  await ask(second, 'map private')
  const look = async () => {
    const before = second.events.filter(isLook).length
    second.tell('look private')
    let seen = 0
    const { value } = await second.until('evidence', (event) => isLook(event) && ++seen > before)
    return { value, mapping: mappingOf(second.id, object, 'p') }
  }
  const one = await look()
  second.tell(`store private ${ownText}`)
  const two = await look()
  showMapping(stage, second, object, 'p')
  const file = readFileSync(`${objectFolder}${object.name}`).subarray(0, text.length).toString()
  stage.evidence(`read(2) of ${objectFolder}${object.name}`, file, 'the object itself', {
    data: { text: file },
  })
  stage.claim(
    'shm/private-write-stays-in-process',
    `A write to a MAP_PRIVATE mapping stays in its process: the object still contains "${text}".`,
    one.value === text && two.value === ownText && file === text,
  )
  const own = [one, two].map(({ mapping }) => anonymous(mapping))
  const [before = 0, after = 0] = own
  stage.evidence(
    `/proc/${second.id}/smaps`,
    `Anonymous: ${kib(before)} → ${kib(after)}`,
    'pages of its own in the private mapping, before → after the write',
    { data: { part: 'private', before, after } },
  )
  stage.claim(
    'shm/private-write-copies-page',
    'Copy-on-write: the kernel copied the page when the process wrote to it, and only this process has the copy.',
    before === 0 && after > 0,
  )
}

/** Only what the process reads from its private mapping has data. */
const isLook = (event: Event) => event.event === 'evidence' && event.data !== undefined

/** The bytes of a mapping that are no pages of its file, in memory or in swap. */
function anonymous(mapping: Mapping | undefined): number {
  return (mapping?.bytes('Anonymous') ?? 0) + (mapping?.bytes('Swap') ?? 0)
}

async function showUnlink(stage: Stage, { object, first, second }: Sharing): Promise<void> {
  const freed = watchFile(stage, `${objectFolder}${object.name}`)
  stage.note('The first process removes the name, while both have the object mapped.')
  await ask(first, 'unlink')
  const { errno } = await ask(second, 'find')
  stage.claim(
    'shm/unlinked-object-has-no-name',
    'shm_unlink(3) removes the name at once: shm_open(3) fails with ENOENT, and no process can find the object.',
    errno === 'ENOENT',
  )
  await pass(first, 'sent', `store shared ${lateText}`)
  const got = await pass(second, 'received', 'look shared')
  const mappings = [first, second].map((mapper) => showMapping(stage, mapper, object, 's'))
  stage.claim(
    'shm/unlinked-object-works-while-mapped',
    'Processes that have it mapped still share its pages: the kernel lists the file as deleted.',
    got === lateText && mappings.every((one) => one?.name.endsWith(' (deleted)')),
  )
  const early = freed?.isFreed()
  await Promise.all([ask(first, 'unmap'), ask(second, 'unmap')])
  if (!freed) return
  const isFreed = (await stage.poll(freed.isFreed, 10_000)) ?? false
  stage.evidence('inotify(7)', isFreed ? 'deleted' : 'not deleted', 'the file, after the last munmap(2)', {
    data: { before: early ?? false, after: isFreed },
  })
  stage.claim(
    'shm/unlinked-object-goes-with-last-mapping',
    'The kernel frees the pages after the last munmap(2): only then the file is deleted.',
    early === false && isFreed,
  )
}

/** Tells when the kernel has deleted a file: it has no name, and no process has it open or mapped. */
function watchFile(stage: Stage, path: string): { isFreed(): boolean } | undefined {
  let freed = false
  try {
    // Node calls the deletion `rename`, and a change of the number of names `change`.
    const watcher = watch(path, (event) => {
      freed ||= event === 'rename'
    })
    stage.scope.defer(() => watcher.close())
    watcher.on('error', () => {})
    return { isFreed: () => freed }
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    stage.note(
      `Not observed: when the kernel deletes the file, because inotify(7) fails with ${errno}.`,
      'aside',
    )
    return undefined
  }
}
