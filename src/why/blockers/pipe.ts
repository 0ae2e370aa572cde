/** Pipes and FIFOs that are open: an empty one, a full one. */
import { pipeFill } from '../../ipc/pipe-fill.js'
import { type Access, type Holder, isOpenFor } from '../../proc/open-descriptors.js'
import type { OpenObject } from '../../proc/open-object.js'
import { quoted } from '../../shell-quote.js'
import { listed, named, type Other, type Proof, type Step, type World } from '../snapshot.js'

export const opposite = { reading: 'writing', writing: 'reading' } as const

/** A thread in read(2) or write(2) of a pipe or FIFO. */
export function pipeEnd(
  world: World,
  pid: number,
  object: OpenObject,
  access: Access,
  isPolled: boolean,
): Other {
  const { fd, dev, ino, path } = object
  const all = world.census().holders(dev, ino)
  const others = all.filter((holder) => isOpenFor(opposite[access], holder))
  const fill = isPolled ? undefined : pipeFill(pid, fd)
  const state = access === 'reading' ? 'empty' : 'full'
  const much =
    fill && access === 'writing' ? ` with ${fill.bytes} of at most ${fill.capacity} bytes in it` : ''
  const nobodyElse = others.every((holder) => holder.pid === pid)
  const name = path === undefined ? `pipe (inode ${ino})` : `FIFO ${path}`
  const proofs: Proof[] = [{ source: `/proc/${pid}/fd/${fd}`, value: object.target, about: `its fd ${fd}` }]
  if (fill) {
    const value = `${fill.bytes} of ${fill.capacity}`
    proofs.push({
      source: 'FIONREAD, F_GETPIPE_SZ',
      value,
      about: 'bytes in it, and the most that it can hold',
    })
  }
  return {
    object: `${state === 'empty' ? 'an' : 'a'} ${state} ${name}${much}`,
    event: access === 'reading' ? 'somebody to write into it' : 'somebody to read from it',
    who: whoHolds(world, pid, others, access, isPolled),
    proofs: [...proofs, ...others.slice(0, 4).map((holder) => holderProof(holder, opposite[access]))],
    wakers: [...new Set(others.map((holder) => holder.pid))],
    // Without anybody at the other end it would not wait: who is there is hidden from us.
    open: others.length === 0,
    // What a program that polls sends to itself has a form of its own, which a stranger had better not write.
    step:
      isPolled && nobodyElse
        ? undefined
        : access === 'reading'
          ? fillStep(pid, object)
          : drainStep(pid, object, fill?.bytes),
  }
}

function holderProof({ pid, fd }: Holder, access: Access): Proof {
  return {
    source: `/proc/${pid}/fdinfo/${fd}`,
    value: `fd ${fd}`,
    about: `${named(pid)} has it open for ${access}`,
  }
}

function whoHolds(world: World, pid: number, others: Holder[], access: Access, isPolled: boolean): string {
  const end = access === 'reading' ? 'its writing end' : 'its reading end'
  const strangers = others.filter((holder) => holder.pid !== pid)
  if (others.length === 0) return `Who has ${end} open cannot be seen${hiddenOnes(world)}.`
  const own = others.find((holder) => holder.pid === pid)
  if (strangers.length > 0) {
    const also = own ? `; it has one itself, too (fd ${own.fd})` : ''
    return `${capital(end)} is open in ${listed(strangers.map(({ pid, fd }) => `${named(pid)}, fd ${fd}`))}${also}.`
  }
  const itself = `Nobody but this process itself has ${end} open (fd ${own!.fd})`
  if (isPolled) return `${itself}.`
  const trouble =
    access === 'reading'
      ? 'so it never sees the end of the file: a reader must close the writing end'
      : 'so it never gets EPIPE: a writer must close the reading end'
  return `${itself}, ${trouble}.`
}

/** What to add where processes could not be looked at. */
export function hiddenOnes(world: World): string {
  const { hidden } = world.census()
  return hidden > 0 ? ` (the files of ${hidden} processes are closed to this user)` : ''
}

function fillStep(pid: number, { fd, path }: OpenObject): Step {
  const file = path === undefined ? `/proc/${pid}/fd/${fd}` : quoted(path)
  return { command: `echo hello > ${file}`, effect: 'writes a line into it' }
}

function drainStep(pid: number, { fd, path }: OpenObject, bytes = 65_536): Step {
  const file = path === undefined ? `/proc/${pid}/fd/${fd}` : quoted(path)
  return {
    command: `head -c ${bytes} ${file} > /dev/null`,
    effect: 'takes out what is in it, which its reader then misses',
  }
}

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1)
}
