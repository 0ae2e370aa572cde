/** The types between a demo and its actors. `npm run types` covers this file, and checks what the compiler must refuse. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, expectTypeOf, test } from 'vitest'
import type { Act, ActorContext } from '../../src/actors/lib/runtime.js'
import type { Actor, ActorOf } from '../../src/run/actor.js'
import type { Stage } from '../../src/run/stage.js'

test('every entry file of an actor declares and runs the actor under the name of the file', () => {
  const folder = 'src/actors'
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8')
    const declared = [...text.matchAll(/^ {4}'?([\w-]+)'?: \{\s+config: /gm)].map(([, name]) => name)
    const runs = [...text.matchAll(/^ *run(?:Actor|Server)<'([\w-]+)'>\(/gm)].map(([, name]) => name)
    const name = file.replace(/\.ts$/, '')
    expect({ file, declared, runs }).toEqual({ file, declared: [name], runs: [name] })
  }
})

test('the compiler knows the config and the commands of an actor from its name', () => {
  type Start = typeof start
  expectTypeOf<Awaited<ReturnType<Start>>>().toEqualTypeOf<ActorOf<'pipe-filler'>>()
  expectTypeOf<ActorContext<'pipe-filler'>['config']>().toEqualTypeOf<{ path: string }>()
  // Code that only observes an actor accepts every actor.
  expectTypeOf<ActorOf<'pipe-filler'>>().toExtend<Actor>()
  expectTypeOf(refusedInDemos).toBeFunction()
  expectTypeOf(refusedInActors).toBeFunction()
})

function start(stage: Stage) {
  return stage.start({ program: 'pipe-filler', name: 'filler', config: { path: '/fifo' } })
}

/** Never called. Each `@ts-expect-error` fails the type check when the line after it compiles. */
async function refusedInDemos(stage: Stage): Promise<void> {
  const filler = await start(stage)
  filler.tell('count')
  filler.tell(`fill ${4096}`)
  // @ts-expect-error no such command
  filler.tell('fil 4096')
  // @ts-expect-error the parameter of this command is a number
  filler.tell('fill all')
  // @ts-expect-error no such actor
  await stage.start({ program: 'pipe-filer', name: 'filler', config: { path: '/fifo' } })
  // @ts-expect-error no such field
  await stage.start({ program: 'pipe-filler', name: 'filler', config: { way: '/fifo' } })
  // @ts-expect-error this actor runs as a process only
  await stage.startThread({ program: 'pipe-filler', name: 'filler', config: { path: '/fifo' } })
  const reader = await stage.start({ program: 'mq-receiver', name: 'reader', config: {} as never })
  // @ts-expect-error this actor accepts no commands
  reader.tell('end')
}

const refusedInActors: Act<'pipe-filler'> = async ({ config, nextWord }) => {
  const word = await nextWord()
  // @ts-expect-error no such command
  if (word === 'counting') return
  // @ts-expect-error no such field
  config.way
}
