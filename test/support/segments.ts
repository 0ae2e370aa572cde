/** Another process that uses the segment of a demo, and actors whose C library is another one. */
import { onTestFinished } from 'vitest'
import type { Fact } from '../../src/events.js'
import { type Attached, attachSegment } from '../../src/ipc/sysv-shm.js'

/** More than the processes of any demo here: the kernel's count is never the one that the demo expects. */
const attachments = 8

/** Attaches the private segment of a demo several times as soon as the demo has created it, until the test ends. */
export function attachedWhenCreated(size: number) {
  let attached: Attached | undefined
  return {
    look(fact: Fact) {
      if (fact.event !== 'created' || fact.kind !== 'segment') return
      for (let i = 0; i < attachments; i++) {
        attached = attachSegment(Number(fact.id.replace('id ', '')), size)
        onTestFinished(attached.detach)
      }
    },
    attached: () => attached!,
  }
}

/**
 * Code for `liars`: replaces functions of the C library.
 *
 * @param replace code of a function that gets a prototype, the function, and koffi's library, and returns a function
 */
export function withNatives(replace: string): string {
  return `const Module = require('node:module')
const replace = ${replace}
const { _load } = Module
Module._load = (name, ...rest) => {
  const loaded = _load(name, ...rest)
  if (name !== 'koffi') return loaded
  const load = (...words) => {
    const library = loaded.load(...words)
    return { func: (prototype) => replace(prototype, library.func(prototype), library) }
  }
  return Object.create(loaded, { load: { value: load } })
}`
}
