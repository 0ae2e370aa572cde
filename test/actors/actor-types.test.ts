/** The seams between a demo and its actors. What the compiler must refuse is checked by `npm run types`, which covers this file. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, expectTypeOf, test } from 'vitest'
import type { Act, ActorContext } from '../../src/actors/lib/runtime.js'
import type { Actor, ActorOf } from '../../src/run/actor.js'
import type { Stage } from '../../src/run/stage.js'

test('every entry file of an actor declares and runs itself under its own name', () => {
  const folder = 'src/actors'
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8')
    const declared = [...text.matchAll(/^ {4}'?([\w-]+)'?: \{ config: /gm)].map(([, name]) => name)
    const runs = [...text.matchAll(/^run(?:Actor|Server)<'([\w-]+)'>\(/gm)].map(([, name]) => name)
    const name = file.replace(/\.ts$/, '')
    expect({ file, declared, runs }).toEqual({ file, declared: [name], runs: [name] })
  }
})

test('the compiler knows the config and the words of an actor from its name', () => {
  type Start = typeof start
  expectTypeOf<Awaited<ReturnType<Start>>>().toEqualTypeOf<ActorOf<'pipe-filler'>>()
  expectTypeOf<ActorContext<'pipe-filler'>['config']>().toEqualTypeOf<{ path: string }>()
  // Whoever only looks at an actor takes any.
  expectTypeOf<ActorOf<'pipe-filler'>>().toExtend<Actor>()
  expectTypeOf(refusedInDemos).toBeFunction()
  expectTypeOf(refusedInActors).toBeFunction()
})

function start(stage: Stage) {
  return stage.start({ program: 'pipe-filler', name: 'filler', config: { path: '/fifo' } })
}

/** Never called: each line below an expected error would compile if a seam had come open. */
async function refusedInDemos(stage: Stage): Promise<void> {
  const filler = await start(stage)
  filler.tell('count')
  filler.tell(`fill ${4096}`)
  // @ts-expect-error no such word
  filler.tell('fil 4096')
  // @ts-expect-error the parameter of this word is a number
  filler.tell('fill all')
  // @ts-expect-error no such actor
  await stage.start({ program: 'pipe-filer', name: 'filler', config: { path: '/fifo' } })
  // @ts-expect-error no such field
  await stage.start({ program: 'pipe-filler', name: 'filler', config: { way: '/fifo' } })
  // @ts-expect-error this one runs as a process only
  await stage.startThread({ program: 'pipe-filler', name: 'filler', config: { path: '/fifo' } })
  const reader = await stage.start({ program: 'mq-receiver', name: 'reader', config: {} as never })
  // @ts-expect-error this one is told nothing
  reader.tell('end')
}

const refusedInActors: Act<'pipe-filler'> = async ({ config, nextWord }) => {
  const word = await nextWord()
  // @ts-expect-error no such word
  if (word === 'counting') return
  // @ts-expect-error no such field
  config.way
}
